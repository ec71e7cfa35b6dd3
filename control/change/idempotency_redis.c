
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What a transaction reads and writes of request ids.
 */


#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "change/change_batch.h"


#define IDEMPOTENCY_SCAN   "10"        /* ids looked at to be forgotten */
#define IDEMPOTENCY_FIRST  16          /* one in so many begins there */


static int idempotency_found(change_batch_t *b, const redisReply *value);
static redisReply *idempotency_scan(change_batch_t *b);
static void idempotency_old(change_batch_t *b, redisReply *list);
static void idempotency_forget(idempotency_t *t);
static int idempotency_queue_old(change_batch_t *b, size_t *queued);


/*
 * A cursor at random: each call looks at some other ids, so that more are
 * removed than come in once more than a tenth of all are old.  As a scan does
 * not go on at the beginning, that is where some of them begin.
 */

int
idempotency_queue(change_batch_t *b)
{
    char           cursor[16];
    unsigned       dice;
    const char    *key;
    redis_conn_t  *redis;

    if (b->own_request) {
        return STATUS_DONE;
    }

    if (getrandom(&dice, sizeof(dice), 0) != sizeof(dice)
        || dice < UINT_MAX / IDEMPOTENCY_FIRST)
    {
        dice = 0;
    }

    (void) snprintf(cursor, sizeof(cursor), "%u", dice);

    redis = b->ctl->redis;
    key = b->ctl->settings.requests;

    return redis_queue(redis, "WATCH", key, NULL) == 0
           && redis_queue(redis, "HGET", key, b->request, NULL) == 0
           && redis_queue(redis, "HSCAN", key, cursor, "COUNT",
                          IDEMPOTENCY_SCAN, NULL)
              == 0
           ? STATUS_DONE : b->ctl->error.status;
}


int
idempotency_take(change_batch_t *b)
{
    int          status;
    redisReply  *value, *page;

    if (b->own_request) {
        return STATUS_DONE;
    }

    if (redis_expect_ok(b->ctl->redis) != 0
        || (value = redis_expect(b->ctl->redis, REDIS_REPLY_STRING)) == NULL)
    {
        return b->ctl->error.status;
    }

    status = idempotency_found(b, value);
    freeReplyObject(value);

    if (status != STATUS_DONE || (page = idempotency_scan(b)) == NULL) {
        return b->ctl->error.status;
    }

    idempotency_old(b, page->element[1]);
    freeReplyObject(page);

    return STATUS_DONE;
}


static int
idempotency_found(change_batch_t *b, const redisReply *value)
{
    char  **text;

    text = &b->idempotency.found;
    free(*text);
    *text = NULL;

    if (value->type != REDIS_REPLY_STRING) {
        return STATUS_DONE;
    }

    /* a value with a NUL is not from here: an empty one is refused as well */

    *text = strdup(strlen(value->str) == value->len ? value->str : "");

    return *text ? STATUS_DONE : control_no_memory(b->ctl);
}


static redisReply *
idempotency_scan(change_batch_t *b)
{
    redisReply  *page;

    page = redis_expect(b->ctl->redis, REDIS_REPLY_ARRAY);

    if (page == NULL
        || (page->elements == 2
            && page->element[1]->type == REDIS_REPLY_ARRAY))
    {
        return page;
    }

    freeReplyObject(page);
    (void) error_set(&b->ctl->error, STATUS_FAILED, "protocol",
                     "is this the address of a Redis?",
                     "Redis at %s answered HSCAN with something else than a "
                     "page", b->ctl->settings.where);

    return NULL;
}


/* Takes the ids that are to be forgotten out of a list of ids and values. */

static void
idempotency_old(change_batch_t *b, redisReply *list)
{
    size_t          i;
    uint32_t        now;
    request_t       r;
    redisReply    **pair;
    idempotency_t  *t;

    t = &b->idempotency;
    now = (uint32_t) time(NULL);
    idempotency_forget(t);

    for (i = 0; i + 1 < list->elements && t->n_old < CHANGE_OLD; i += 2) {
        pair = &list->element[i];

        if (pair[0]->type == REDIS_REPLY_STRING
            && pair[1]->type == REDIS_REPLY_STRING
            && request_load(&r, pair[1]->str) == NULL
            && request_expired(&r, now))
        {
            t->old[t->n_old++] = pair[0];
            pair[0] = NULL;
        }
    }
}


static void
idempotency_forget(idempotency_t *t)
{
    while (t->n_old) {
        freeReplyObject(t->old[--t->n_old]);
    }
}


int
idempotency_write(change_batch_t *b, size_t n, size_t entries,
    const head_t *head, size_t *queued)
{
    request_t      *r;
    idempotency_t  *t;

    if (b->own_request) {
        return STATUS_DONE;
    }

    t = &b->idempotency;
    r = &t->next;
    *r = t->used;

    r->at = (uint32_t) time(NULL);
    r->done = b->done + n == b->n;

    if (entries) {
        r->seq = r->changed ? r->seq : b->head.seq + 1;
        r->last = head->seq;
        r->changed += entries;
    }

    idempotency_dropped(b);
    t->written = request_dump(r);

    if (t->written == NULL) {
        return control_no_memory(b->ctl);
    }

    if (idempotency_queue_old(b, queued) != STATUS_DONE
        || redis_queue(b->ctl->redis, "HSET", b->ctl->settings.requests,
                       b->request, t->written, NULL)
           != 0)
    {
        return b->ctl->error.status;
    }

    (*queued)++;

    return STATUS_DONE;
}


static int
idempotency_queue_old(change_batch_t *b, size_t *queued)
{
    size_t                i, len[2 + CHANGE_OLD];
    const char           *arg[2 + CHANGE_OLD];
    const idempotency_t  *t;

    t = &b->idempotency;

    if (t->n_old == 0) {
        return STATUS_DONE;
    }

    arg[0] = "HDEL";
    arg[1] = b->ctl->settings.requests;
    len[0] = strlen(arg[0]);
    len[1] = strlen(arg[1]);

    for (i = 0; i < t->n_old; i++) {
        arg[2 + i] = t->old[i]->str;
        len[2 + i] = t->old[i]->len;
    }

    (*queued)++;

    return redis_queue_argv(b->ctl->redis, 2 + t->n_old, arg, len) == 0
           ? STATUS_DONE : b->ctl->error.status;
}


void
idempotency_written(change_batch_t *b)
{
    idempotency_t  *t;

    t = &b->idempotency;

    if (t->written) {
        free(t->seen);
        t->seen = t->written;
        t->written = NULL;
        t->used = t->next;
    }
}


void
idempotency_dropped(change_batch_t *b)
{
    free(b->idempotency.written);
    b->idempotency.written = NULL;
}


void
idempotency_free(change_batch_t *b)
{
    idempotency_t  *t;

    t = &b->idempotency;

    idempotency_forget(t);
    free(t->found);
    free(t->seen);
    free(t->written);
}
