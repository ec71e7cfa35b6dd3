
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trail/trail.h"


/* so many of the largest entries fit into one reply */

#define TRAIL_COUNT   "100"
#define TRAIL_SPARE   1000             /* may come while the trail is read */
#define TRAIL_ID      48
#define TRAIL_BLOCK   "1000"           /* milliseconds; below REDIS_ANSWER */


typedef struct {
    control_t      *ctl;
    trail_id_t     *at;
    size_t          limit;
    size_t          seen;
    unsigned        back:1;
    unsigned        ahead:1;           /* each sends no commands */
    trail_each_pt   each;
    void           *data;
} trail_walk_t;


static int trail_all(trail_walk_t *w);
static int trail_walk(trail_walk_t *w);
static int trail_ask(const trail_walk_t *w, const trail_id_t *at);
static int trail_ask_ahead(const trail_walk_t *w, const redisReply *reply,
    int *asked);
static int trail_entries(trail_walk_t *w, const redisReply *reply, int *more);
static const char *trail_id(const redisReply *pair, trail_id_t *id);
static int trail_beyond(const trail_id_t *id, const trail_id_t *at, int back);
static int trail_step(trail_id_t *id, int back);


int
trail_forwards(control_t *ctl, trail_each_pt each, void *data)
{
    return trail_from(ctl, 0, each, data);
}


int
trail_from(control_t *ctl, uint64_t seq, trail_each_pt each, void *data)
{
    trail_id_t  from = { seq, 0 };

    return trail_on(ctl, &from, each, data);
}


int
trail_after(control_t *ctl, uint64_t seq, trail_each_pt each, void *data)
{
    trail_id_t  from = { seq, seq != 0 };

    return trail_on(ctl, &from, each, data);
}


int
trail_ahead(control_t *ctl, uint64_t seq, trail_each_pt each, void *data)
{
    trail_id_t    from = { seq, seq != 0 };
    trail_walk_t  w = { .ctl = ctl, .at = &from, .ahead = 1,
                        .each = each, .data = data };

    return trail_all(&w);
}


int
trail_some(control_t *ctl, trail_id_t *from, size_t limit, trail_each_pt each,
    void *data)
{
    trail_walk_t  w = { .ctl = ctl, .at = from, .limit = limit,
                        .each = each, .data = data };

    return trail_walk(&w);
}


int
trail_on(control_t *ctl, trail_id_t *from, trail_each_pt each, void *data)
{
    trail_walk_t  w = { .ctl = ctl, .at = from, .each = each, .data = data };

    return trail_all(&w);
}


/* What is there now: others may write meanwhile, and for ever. */

static int
trail_all(trail_walk_t *w)
{
    uint64_t  n;

    if (redis_number(w->ctl->redis, "XLEN", w->ctl->settings.audit, &n) != 0) {
        return w->ctl->error.status;
    }

    w->limit = n;

    return n ? trail_walk(w) : STATUS_DONE;
}


int
trail_wait(control_t *ctl, const trail_id_t *from, int *came)
{
    char         text[TRAIL_ID];
    trail_id_t   last;
    redisReply  *reply;

    last = *from;
    (void) trail_step(&last, 1);
    (void) snprintf(text, TRAIL_ID, "%" PRIu64 "-%" PRIu64, last.ms, last.n);

    if (redis_queue(ctl->redis, "XREAD", "COUNT", "1", "BLOCK", TRAIL_BLOCK,
                    "STREAMS", ctl->settings.audit, text, NULL) != 0
        || redis_send(ctl->redis) != 0)
    {
        return ctl->error.status;
    }

    reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return ctl->error.status;
    }

    *came = reply->type == REDIS_REPLY_ARRAY;
    freeReplyObject(reply);

    return STATUS_DONE;
}


int
trail_backwards(control_t *ctl, trail_each_pt each, void *data)
{
    uint64_t  n;

    if (redis_number(ctl->redis, "XLEN", ctl->settings.audit, &n) != 0) {
        return ctl->error.status;
    }

    return trail_last(ctl, n + TRAIL_SPARE, each, data);
}


int
trail_before(control_t *ctl, uint64_t seq, trail_each_pt each, void *data)
{
    trail_id_t    from = { seq, 0 };
    trail_walk_t  w = { .ctl = ctl, .at = &from, .limit = SIZE_MAX, .back = 1,
                        .each = each, .data = data };

    return trail_walk(&w);
}


int
trail_last(control_t *ctl, size_t limit, trail_each_pt each, void *data)
{
    trail_id_t    from = { UINT64_MAX, UINT64_MAX };
    trail_walk_t  w = { .ctl = ctl, .at = &from, .limit = limit, .back = 1,
                        .each = each, .data = data };

    return trail_walk(&w);
}


/* Ends after w->limit entries, or when each returns 0. */

static int
trail_walk(trail_walk_t *w)
{
    int          status, more, asked;
    redisReply  *reply;

    asked = 0;
    more = 1;
    status = STATUS_DONE;

    while (more && status == STATUS_DONE) {

        if ((!asked && trail_ask(w, w->at) != STATUS_DONE)
            || (reply = redis_expect(w->ctl->redis, REDIS_REPLY_ARRAY))
               == NULL)
        {
            return w->ctl->error.status;
        }

        status = trail_ask_ahead(w, reply, &asked);

        if (status == STATUS_DONE) {
            status = trail_entries(w, reply, &more);
        }

        freeReplyObject(reply);
    }

    /* what was asked for and is not wanted any more */

    if (asked && (reply = redis_expect(w->ctl->redis, REDIS_REPLY_ARRAY))) {
        freeReplyObject(reply);
    }

    return status;
}


static int
trail_ask(const trail_walk_t *w, const trail_id_t *at)
{
    char        from[TRAIL_ID];
    control_t  *ctl;

    ctl = w->ctl;
    (void) snprintf(from, TRAIL_ID, "%" PRIu64 "-%" PRIu64, at->ms, at->n);

    return redis_queue(ctl->redis, w->back ? "XREVRANGE" : "XRANGE",
                       ctl->settings.audit, from, w->back ? "-" : "+", "COUNT",
                       TRAIL_COUNT, NULL) == 0
           && redis_send(ctl->redis) == 0 ? STATUS_DONE : ctl->error.status;
}


/* Redis looks for the next entries while each sees these. */

static int
trail_ask_ahead(const trail_walk_t *w, const redisReply *reply, int *asked)
{
    trail_id_t  next;

    *asked = w->ahead && reply->elements
             && trail_id(reply->element[reply->elements - 1], &next)
             && trail_step(&next, w->back);

    return *asked ? trail_ask(w, &next) : STATUS_DONE;
}


static int
trail_entries(trail_walk_t *w, const redisReply *reply, int *more)
{
    size_t            i;
    const char       *text, *why;
    trail_id_t        id;
    paylock_entry_t   e;

    *more = reply->elements != 0;

    for (i = 0; *more && i < reply->elements; i++) {
        text = trail_id(reply->element[i], &id);

        if (text == NULL || !trail_beyond(&id, w->at, w->back)) {
            return error_set(&w->ctl->error, STATUS_FAILED, "protocol",
                             "is this the address of a Redis?",
                             "Redis at %s gave entries that are not in order",
                             w->ctl->settings.where);
        }

        why = paylock_entry_read(reply->element[i], &e);

        *w->at = id;
        *more = w->each(w->data, text, &e, why);
        *more = trail_step(w->at, w->back) && *more && ++w->seen != w->limit;
    }

    return STATUS_DONE;
}


/* Parses the id of an element; returns its text, or NULL if it has none. */

static const char *
trail_id(const redisReply *pair, trail_id_t *id)
{
    char        *end;
    const char  *text;

    if (pair->type != REDIS_REPLY_ARRAY || pair->elements == 0
        || pair->element[0]->type != REDIS_REPLY_STRING)
    {
        return NULL;
    }

    text = pair->element[0]->str;
    errno = 0;

    id->ms = strtoull(text, &end, 10);

    if (end == text || *end != '-') {
        return NULL;
    }

    id->n = strtoull(end + 1, &end, 10);

    return *end == '\0' && errno == 0 ? text : NULL;
}


/* Is id equal to at, or beyond it in the direction of reading? */

static int
trail_beyond(const trail_id_t *id, const trail_id_t *at, int back)
{
    if (id->ms != at->ms) {
        return back ? id->ms < at->ms : id->ms > at->ms;
    }

    return back ? id->n <= at->n : id->n >= at->n;
}


/* Moves to the next id; returns 0 if there is none. */

static int
trail_step(trail_id_t *id, int back)
{
    uint64_t  last;

    last = back ? 0 : UINT64_MAX;

    if (id->n != last) {
        id->n += back ? -1 : 1;
        return 1;
    }

    if (id->ms == last) {
        return 0;
    }

    id->ms += back ? -1 : 1;
    id->n = back ? UINT64_MAX : 0;

    return 1;
}
