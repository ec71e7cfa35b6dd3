
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_record.h"
#include "trail/archived.h"
#include "trail/head.h"
#include "trail/history.h"


#define HISTORY_BATCH  100             /* entries asked for at once */
#define HISTORY_ID     24


typedef struct {
    archives_t  *archives;             /* NULL: there are none */
    uint64_t     last;                 /* later ones are left out */
    uint64_t    *seq;                  /* from the last to the first */
    size_t       n;
    size_t       room;
    int          archived;             /* the way leads to what is archived */
} history_t;


static int history_walk(control_t *ctl, const char *host, history_t *h,
    int *whole);
static int history_entry(control_t *ctl, const char *host,
    const redisReply *record, history_t *h, uint64_t *seq, int *whole);
static int history_archived(control_t *ctl, history_t *h, uint64_t seq,
    int *whole);
static int history_add(control_t *ctl, history_t *h, uint64_t seq);
static int history_read(control_t *ctl, const history_t *h, trail_each_pt each,
    void *data);
static int history_file(control_t *ctl, const history_t *h, uint64_t seq,
    trail_each_pt each, void *data, int *more);
static int history_batch(control_t *ctl, const history_t *h, size_t from,
    size_t n, trail_each_pt each, void *data, int *more);


int
history_each(control_t *ctl, archives_t *a, const char *host, uint64_t last,
    trail_each_pt each, void *data, int *whole, int *earlier)
{
    int        status;
    history_t  h;

    memset(&h, 0, sizeof(history_t));
    h.archives = a;
    h.last = last;

    *earlier = 0;
    status = history_walk(ctl, host, &h, whole);

    if (status == STATUS_DONE && *whole) {
        status = history_read(ctl, &h, each, data);
    }

    *earlier = h.archived;
    free(h.seq);

    return status;
}


static int
history_walk(control_t *ctl, const char *host, history_t *h, int *whole)
{
    int           status;
    json_t       *json;
    uint64_t      seq, newest;
    const char   *why;
    redisReply   *record;

    *whole = 0;
    status = history_record(ctl, host, &record);

    if (status != STATUS_DONE) {
        return status;
    }

    json = record->type == REDIS_REPLY_STRING
           ? paylock_record_load(record->str, record->len, &why) : NULL;
    seq = paylock_record_entry(json);
    json_decref(json);

    newest = seq;
    *whole = seq != 0;

    while (status == STATUS_DONE && *whole && seq) {
        status = history_entry(ctl, host, seq == newest ? record : NULL, h,
                               &seq, whole);
    }

    freeReplyObject(record);

    return status;
}


int
history_record(control_t *ctl, const char *host, redisReply **record)
{
    return redis_queue(ctl->redis, "HGET", ctl->settings.locks, host, NULL) == 0
           && redis_send(ctl->redis) == 0
           && (*record = redis_expect(ctl->redis, REDIS_REPLY_STRING)) != NULL
           ? STATUS_DONE : ctl->error.status;
}


/* Notes the entry and goes on to the one before it; record: what it wrote. */

static int
history_entry(control_t *ctl, const char *host, const redisReply *record,
    history_t *h, uint64_t *seq, int *whole)
{
    int                   status;
    uint64_t              prior;
    archives_entry_t      found;
    const paylock_str_t  *after;
    const paylock_entry_t  *e;

    status = archives_entry(ctl, h->archives, *seq, &found);

    if (status != STATUS_DONE) {
        return status;
    }

    if (!found.there && record == NULL) {
        status = history_archived(ctl, h, *seq, whole);
        *seq = 0;
        return status;
    }

    e = &found.e;
    after = &e->field[PAYLOCK_AUDIT_AFTER];
    prior = found.there ? paylock_entry_prior(e) : 0;

    *whole = found.there
             && prior < *seq
             && e->field[PAYLOCK_AUDIT_PRIOR].len != 0
             && paylock_str_is(e->field[PAYLOCK_AUDIT_HOST], host)
             && (record == NULL
                 || (after->len == record->len
                     && memcmp(after->data, record->str, record->len) == 0));

    archives_entry_free(&found);

    status = *whole ? history_add(ctl, h, *seq) : STATUS_DONE;
    *seq = prior;

    return status;
}


/* A later entry of the host has led there: there the way may end. */

static int
history_archived(control_t *ctl, history_t *h, uint64_t seq, int *whole)
{
    archived_t  found;

    if (archived_holds(ctl, seq, &h->archived, &found) != STATUS_DONE) {
        return ctl->error.status;
    }

    *whole = h->archived;

    return STATUS_DONE;
}


static int
history_add(control_t *ctl, history_t *h, uint64_t seq)
{
    void  *more;

    if (seq > h->last) {
        return STATUS_DONE;
    }

    if (h->n == h->room) {
        more = realloc(h->seq, (2 * h->room + 64) * sizeof(uint64_t));

        if (more == NULL) {
            return control_no_memory(ctl);
        }

        h->seq = more;
        h->room = 2 * h->room + 64;
    }

    h->seq[h->n++] = seq;

    return STATUS_DONE;
}


static int
history_read(control_t *ctl, const history_t *h, trail_each_pt each,
    void *data)
{
    int     more, status;
    size_t  n, left;

    more = 1;
    status = STATUS_DONE;
    left = h->n;

    while (left && more && status == STATUS_DONE && h->archives
           && h->seq[left - 1] <= h->archives->last)
    {
        status = history_file(ctl, h, h->seq[--left], each, data, &more);
    }

    for ( /* void */ ; left && more && status == STATUS_DONE; left -= n) {
        n = left < HISTORY_BATCH ? left : HISTORY_BATCH;
        status = history_batch(ctl, h, left, n, each, data, &more);
    }

    return status;
}


static int
history_file(control_t *ctl, const history_t *h, uint64_t seq,
    trail_each_pt each, void *data, int *more)
{
    char              id[HISTORY_ID];
    archives_entry_t  found;

    if (archives_entry(ctl, h->archives, seq, &found) != STATUS_DONE) {
        return ctl->error.status;
    }

    (void) snprintf(id, sizeof(id), "%" PRIu64 "-0", seq);
    *more = each(data, id, &found.e, NULL);
    archives_entry_free(&found);

    return STATUS_DONE;
}


/* The n entries before "from", which stand in reverse. */

static int
history_batch(control_t *ctl, const history_t *h, size_t from, size_t n,
    trail_each_pt each, void *data, int *more)
{
    char              id[HISTORY_ID];
    size_t            i;
    const char       *why;
    redisReply       *reply;
    paylock_entry_t   e;

    for (i = 0; i < n; i++) {
        if (head_entry_queue(ctl, h->seq[from - 1 - i]) != STATUS_DONE) {
            return ctl->error.status;
        }
    }

    if (redis_send(ctl->redis) != 0) {
        return ctl->error.status;
    }

    for (i = 0; i < n; i++) {
        reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);

        if (reply == NULL) {
            return ctl->error.status;
        }

        if (*more && reply->elements) {
            (void) snprintf(id, sizeof(id), "%" PRIu64 "-0",
                            h->seq[from - 1 - i]);
            why = paylock_entry_read(reply->element[0], &e);
            *more = each(data, id, &e, why);
        }

        freeReplyObject(reply);
    }

    return STATUS_DONE;
}
