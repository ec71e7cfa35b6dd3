
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Names a lock that opened its host at once, as the record of another name was
 * not in Redis when it was signed.  Of a record whose entry is not read, what
 * is in Redis now is compared.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "paylock_record.h"
#include "trail/verify.h"


typedef struct {
    verify_t             *check;
    const replay_host_t  *host;        /* of the first such entry; or NULL */
    int                   status;
} others_t;


static void others_host(replay_host_t *h, void *data);
static int others_looser(verify_t *c, const replay_host_t *h, int *is);
static int others_ask(verify_t *c, const replay_host_t *h);
static int others_next(const verify_t *c, const replay_host_t *h,
    paylock_host_candidate_t *candidate, char name[PAYLOCK_HOST_MAX + 1]);
static int others_record(verify_t *c, const replay_host_t *h,
    paylock_record_t *rec);


int
verify_others(verify_t *c)
{
    char             *name;
    others_t          o;
    paylock_fault_t   fault;

    o.check = c;
    o.host = NULL;
    o.status = STATUS_DONE;

    replay_each(c->replay, others_host, &o);

    if (o.status != STATUS_DONE || o.host == NULL) {
        return o.status;
    }

    c->opened = 1;
    name = text_safe(o.host->name, o.host->len);

    fault.kind = PAYLOCK_FAULT_FLAGS;
    fault.seq = o.host->looser.seq;
    (void) snprintf(fault.text, sizeof(fault.text), "entry %" PRIu64 " opens "
                    "%.260s, which the record of another name closed: that "
                    "was not in Redis when the entry was signed", fault.seq,
                    name ? name : "");
    free(name);

    return verify_fault(c, &fault);
}


static void
others_host(replay_host_t *h, void *data)
{
    int        looser;
    others_t  *o;

    o = data;

    if (o->status != STATUS_DONE || h->looser.seq == 0
        || (o->host && o->host->looser.seq < h->looser.seq))
    {
        return;
    }

    o->status = others_looser(o->check, h, &looser);

    if (o->status == STATUS_DONE && looser) {
        o->host = h;
    }
}


/* An unknown record counts that is of an earlier entry, or of none. */

static int
others_looser(verify_t *c, const replay_host_t *h, int *is)
{
    int                        over;
    char                       name[PAYLOCK_HOST_MAX + 1];
    const char                *from;
    replay_looser_t            looser;
    paylock_record_t           rec;
    paylock_host_candidate_t   candidate;

    looser = h->looser;

    if (looser.unknown && others_ask(c, h) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    over = 0;
    from = NULL;
    replay_other_names(&candidate, h);

    while (looser.unknown && others_next(c, h, &candidate, name)) {

        if (others_record(c, h, &rec) != STATUS_DONE) {
            return c->ctl->error.status;
        }

        over |= from && !paylock_host_beside(&candidate, from);

        if (!over && paylock_record_says(&rec)) {
            replay_other_held(&looser, &rec, from != NULL);
            from = candidate.name;
        }
    }

    *is = replay_other_looser(&looser);

    return STATUS_DONE;
}


static int
others_ask(verify_t *c, const replay_host_t *h)
{
    char                       name[PAYLOCK_HOST_MAX + 1];
    paylock_host_candidate_t   candidate;

    replay_other_names(&candidate, h);

    while (others_next(c, h, &candidate, name)) {
        if (redis_queue(c->ctl->redis, "HGET", c->ctl->settings.locks, name,
                        NULL)
            != 0)
        {
            return c->ctl->error.status;
        }
    }

    return redis_send(c->ctl->redis) == 0 ? STATUS_DONE
                                          : c->ctl->error.status;
}


/* The next record that may hold and of which no entry tells. */

static int
others_next(const verify_t *c, const replay_host_t *h,
    paylock_host_candidate_t *candidate, char name[PAYLOCK_HOST_MAX + 1])
{
    const replay_host_t  *other;

    while (replay_other_next(candidate, h, name)) {
        other = replay_find(c->replay, name, strlen(name));

        if (other == NULL || other->seq == 0) {
            return 1;
        }

        if (paylock_record_says(&other->times)) {
            return 0;
        }
    }

    return 0;
}


static int
others_record(verify_t *c, const replay_host_t *h, paylock_record_t *rec)
{
    redisReply  *reply;

    memset(rec, 0, sizeof(paylock_record_t));
    reply = redis_expect(c->ctl->redis, REDIS_REPLY_STRING);

    if (reply == NULL) {
        return c->ctl->error.status;
    }

    if (reply->type != REDIS_REPLY_STRING
        || paylock_record_seq(reply->str, reply->len) >= h->looser.seq
        || paylock_record_parse(reply->str, reply->len, rec) != NULL)
    {
        rec->set = 0;
    }

    freeReplyObject(reply);

    return STATUS_DONE;
}
