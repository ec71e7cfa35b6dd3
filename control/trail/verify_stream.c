
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Verifies the trail in Redis, up to the entry that was the last one when
 * reading began, as others may write meanwhile.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trail/archived.h"
#include "trail/head.h"
#include "trail/trail.h"
#include "trail/verify.h"


typedef struct {
    verify_t  *check;
    uint64_t   head;
    int        failed;
} stream_walk_t;


static int stream_begin(verify_t *c);
static int stream_last(verify_t *c);
static uint64_t stream_length(const redisReply *reply);
static int stream_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int stream_head(control_t *ctl, uint64_t *head);


int
verify_stream(verify_t *c)
{
    control_t       *ctl;
    paylock_fault_t  fault;

    ctl = c->ctl;

    if (verify_stream_begin(c) != STATUS_DONE) {
        return ctl->error.status;
    }

    paylock_verify_witnesses(&c->trail, c->witness, c->n_witnesses);

    if (verify_archives(c) != STATUS_DONE || verify_more(c) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (c->trail.seq == 0 && c->n_faults == 0 && c->n_witnesses == 0
        && c->last == 0)
    {
        return error_set(&ctl->error, STATUS_FAILED, "chain_unknown",
                         "run \"paylock-admin init\", which makes one",
                         "there is no audit trail \"%s\" in Redis at %s",
                         ctl->settings.audit, ctl->settings.where);
    }

    if (!c->bad && c->trail.seq < c->last) {
        fault.kind = PAYLOCK_FAULT_ROLLBACK;
        fault.seq = c->last;
        (void) snprintf(fault.text, sizeof(fault.text), "the trail ends after "
                        "entry %" PRIu64 ", but Redis itself remembers entry "
                        "%" PRIu64, c->trail.seq, c->last);

        return verify_fault(c, &fault);
    }

    return STATUS_DONE;
}


int
verify_stream_begin(verify_t *c)
{
    /* witnesses first: then none of them can be ahead of the trail */

    if (verify_trail(c, NULL) != STATUS_DONE
        || verify_witness_nodes(c) != STATUS_DONE
        || stream_last(c) != STATUS_DONE)
    {
        return c->ctl->error.status;
    }

    return STATUS_DONE;
}


int
verify_more(verify_t *c)
{
    int            status;
    uint64_t       after;
    stream_walk_t  s;

    s.check = c;
    s.failed = 0;
    after = c->begun ? c->trail.seq : 0;

    if ((!c->begun && stream_begin(c) != STATUS_DONE)
        || stream_head(c->ctl, &s.head) != STATUS_DONE)
    {
        return c->ctl->error.status;
    }

    status = s.head ? trail_ahead(c->ctl, after, stream_entry, &s)
                    : STATUS_DONE;

    return s.failed ? c->ctl->error.status : status;
}


/* What archives hold is gone through already, or it is begun behind it. */

static int
stream_begin(verify_t *c)
{
    c->begun = 1;

    if (c->trail.seq) {
        return STATUS_DONE;
    }

    if (archived_begin(c->ctl, &c->trail) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    verify_behind(c);

    return STATUS_DONE;
}


static int
stream_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    stream_walk_t  *s;

    (void) id;

    s = data;

    if (why == NULL && e->seq > s->head) {
        return 0;
    }

    s->failed = verify_entry(s->check, e, why) != 0;

    return !s->failed && (why || e->seq != s->head);
}


/*
 * Reads the seq of the last id ever used, 0: no stream, and the number of
 * entries.
 */

static int
stream_last(verify_t *c)
{
    char        *end;
    control_t   *ctl;
    const char  *id;
    redisReply  *reply;

    ctl = c->ctl;

    if (redis_queue(ctl->redis, "XINFO", "STREAM", ctl->settings.audit,
                    NULL) != 0
        || redis_send(ctl->redis) != 0
        || (reply = redis_reply(ctl->redis)) == NULL)
    {
        return ctl->error.status;
    }

    if (reply->type == REDIS_REPLY_ERROR
        && strcmp(reply->str, "ERR no such key") != 0)
    {
        (void) redis_refused(ctl->redis, reply);
        freeReplyObject(reply);
        return ctl->error.status;
    }

    id = head_generated(reply);
    c->last = id ? strtoull(id, &end, 10) : 0;

    /* an id with another end was never that of an entry: more was there */

    c->last += c->last && strcmp(end, "-0") != 0;

    c->length = stream_length(reply);

    freeReplyObject(reply);

    return STATUS_DONE;
}


static uint64_t
stream_length(const redisReply *reply)
{
    size_t  i;

    for (i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements;
         i += 2)
    {
        if (reply->element[i]->type == REDIS_REPLY_STRING
            && strcmp(reply->element[i]->str, "length") == 0
            && reply->element[i + 1]->type == REDIS_REPLY_INTEGER)
        {
            return (uint64_t) reply->element[i + 1]->integer;
        }
    }

    return 0;
}


/* Reads the seq up to which to verify; 0: the stream is empty. */

static int
stream_head(control_t *ctl, uint64_t *head)
{
    redisReply       *reply;
    paylock_entry_t   e;

    *head = 0;

    if (redis_queue(ctl->redis, "XREVRANGE", ctl->settings.audit, "+", "-",
                    "COUNT", "1", NULL) != 0
        || redis_send(ctl->redis) != 0
        || (reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY)) == NULL)
    {
        return ctl->error.status;
    }

    /* a bad entry is reported when it is reached */

    if (reply->elements) {
        *head = paylock_entry_read(reply->element[0], &e) == NULL
                ? e.seq : UINT64_MAX;
    }

    freeReplyObject(reply);

    return STATUS_DONE;
}
