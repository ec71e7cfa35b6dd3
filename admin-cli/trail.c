
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trail.h"


/* a hundred of the largest entries fit into one reply */

#define TRAIL_COUNT   "100"
#define TRAIL_NEWEST  10000
#define TRAIL_BLOCK   "1000"           /* milliseconds; links wait longer */


typedef struct {
    json_t  *seqs;
    size_t   left;
} trail_newest_t;


static int trail_walk(admin_t *a, int back, char *from, size_t limit,
    trail_each_pt each, void *data);
static int trail_ahead(const char *id, int back, const char *first);
static int trail_step(const char *id, int back, char next[TRAIL_ID]);
static const char *trail_parse(const char *id, uint64_t *ms, uint64_t *n);
static int trail_note(void *data, const char *id, const paylock_entry_t *e,
    const char *why);


int
trail_forwards(admin_t *a, size_t limit, trail_each_pt each, void *data)
{
    char  from[TRAIL_ID] = "-";

    return trail_walk(a, 0, from, limit, each, data);
}


int
trail_backwards(admin_t *a, size_t limit, trail_each_pt each, void *data)
{
    char  from[TRAIL_ID] = "+";

    return trail_walk(a, 1, from, limit, each, data);
}


int
trail_from(admin_t *a, uint64_t seq, trail_each_pt each, void *data)
{
    char  from[TRAIL_ID];

    (void) snprintf(from, sizeof(from), "%" PRIu64 "-0", seq);

    return trail_walk(a, 0, from, 0, each, data);
}


int
trail_on(admin_t *a, char from[TRAIL_ID], trail_each_pt each, void *data)
{
    return trail_walk(a, 0, from, 0, each, data);
}


int
trail_wait(admin_t *a, const char *from, int *came)
{
    char         last[TRAIL_ID];
    redisReply  *reply;

    *came = 0;

    if (!trail_step(from, 1, last)) {
        strcpy(last, "0-0");
    }

    if (link_command(a->link, "XREAD", "COUNT", "1", "BLOCK", TRAIL_BLOCK,
                     "STREAMS", a->settings.audit, last, NULL) != 0
        || link_send(a->link) != 0)
    {
        return a->problem.status;
    }

    reply = link_expect(a->link, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return a->problem.status;
    }

    *came = reply->type == REDIS_REPLY_ARRAY;
    freeReplyObject(reply);

    return STATUS_DONE;
}


int
trail_newest(admin_t *a, json_t *seqs)
{
    trail_newest_t  newest;

    newest.seqs = seqs;
    newest.left = json_object_size(seqs);

    return newest.left ? trail_backwards(a, TRAIL_NEWEST, trail_note, &newest)
                       : STATUS_DONE;
}


static int
trail_walk(admin_t *a, int back, char *from, size_t limit, trail_each_pt each,
    void *data)
{
    int               more, disorder;
    size_t            i, seen;
    const char       *id, *why;
    redisReply       *reply;
    const redisReply *pair;
    paylock_entry_t   e;

    seen = 0;

    do {
        if (link_command(a->link, back ? "XREVRANGE" : "XRANGE",
                         a->settings.audit, from, back ? "-" : "+", "COUNT",
                         TRAIL_COUNT, NULL) != 0
            || link_send(a->link) != 0)
        {
            return a->problem.status;
        }

        reply = link_expect(a->link, REDIS_REPLY_ARRAY);

        if (reply == NULL) {
            return a->problem.status;
        }

        more = reply->elements != 0;
        disorder = 0;

        for (i = 0; more && i < reply->elements; i++) {
            pair = reply->element[i];
            why = paylock_entry_read(pair, &e);

            id = (pair->type == REDIS_REPLY_ARRAY && pair->elements
                  && pair->element[0]->type == REDIS_REPLY_STRING)
                 ? pair->element[0]->str : "";

            disorder = !trail_ahead(id, back, from);
            more = !disorder && each(data, id, &e, why) && ++seen != limit
                   && trail_step(id, back, from);
        }

        freeReplyObject(reply);

        /* a server that goes round in a circle is not followed */

        if (disorder) {
            return problem_set(&a->problem, STATUS_FAILED, "protocol",
                               "is this the address of a Redis?",
                               "Redis at %s gives entries in no order",
                               a->settings.where);
        }

    } while (more);

    return STATUS_DONE;
}


/* Is this id the first that may come, or one behind it? */

static int
trail_ahead(const char *id, int back, const char *first)
{
    uint64_t  ms, n, first_ms, first_n;

    if (trail_parse(id, &ms, &n) == NULL
        || trail_parse(first, &first_ms, &first_n) == NULL)
    {
        return 1;
    }

    return back ? ms < first_ms || (ms == first_ms && n <= first_n)
                : ms > first_ms || (ms == first_ms && n >= first_n);
}


/* Sets next to the id beside this one; 0 if there is none. */

static int
trail_step(const char *id, int back, char next[TRAIL_ID])
{
    uint64_t     ms, n;
    const char  *end;

    end = trail_parse(id, &ms, &n);

    if (end == NULL || *end) {
        return 0;
    }

    if (n == (back ? 0 : UINT64_MAX)) {

        if (ms == (back ? 0 : UINT64_MAX)) {
            return 0;
        }

        ms += back ? -1 : 1;
        n = back ? UINT64_MAX : 0;

    } else {
        n += back ? -1 : 1;
    }

    (void) snprintf(next, TRAIL_ID, "%" PRIu64 "-%" PRIu64, ms, n);

    return 1;
}


/* Returns what is behind the id, NULL if it is none. */

static const char *
trail_parse(const char *id, uint64_t *ms, uint64_t *n)
{
    char  *end;

    *ms = strtoull(id, &end, 10);

    if (end == id || *end != '-') {
        return NULL;
    }

    *n = strtoull(end + 1, &end, 10);

    return end;
}


static int
trail_note(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    char                  host[256];
    json_t               *seq;
    trail_newest_t       *newest;
    const paylock_str_t  *field;

    (void) id;

    newest = data;
    field = &e->field[PAYLOCK_AUDIT_HOST];

    if (why || !paylock_entry_changes(e) || field->len >= sizeof(host)) {
        return 1;
    }

    memcpy(host, field->data, field->len);
    host[field->len] = '\0';

    seq = json_object_get(newest->seqs, host);

    if (!json_is_null(seq)) {
        return 1;
    }

    (void) json_object_set_new(newest->seqs, host,
                               json_integer((json_int_t) e->seq));

    return --newest->left != 0;
}
