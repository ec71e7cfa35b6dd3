
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Names a lock that opened its host at once, as the record of another name was
 * not in Redis when it was signed.
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


typedef struct {
    verify_t             *check;
    const replay_host_t  *host;
    const replay_host_t  *held;        /* not beyond this one */
    const replay_host_t  *known;       /* what it was before is told */
    replay_names_t        names;
} others_next_t;


static void others_host(replay_host_t *h, void *data);
static int others_looser(verify_t *c, const replay_host_t *h, int *is);
static int others_name(verify_t *c, const replay_host_t *h, size_t name,
    replay_looser_t *looser);
static int others_ask(verify_t *c, const replay_host_t *h, size_t name);
static int others_begin(others_next_t *n, verify_t *c, const replay_host_t *h,
    size_t name);
static int others_next(others_next_t *n);
static int others_times(others_next_t *n, replay_times_t *times);


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
                    "%.260s, or its \"www.\" name, which was closed: when it "
                    "was signed, the record of another name was not in Redis "
                    "as the trail says", fault.seq, name ? name : "");
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

    looser = 0;
    o->status = others_looser(o->check, h, &looser);

    if (o->status == STATUS_DONE && looser) {
        o->host = h;
    }
}


/*
 * An unknown record counts that is of an earlier entry, or of none: what was
 * there before the first entry that is read, or what is in Redis.
 */

static int
others_looser(verify_t *c, const replay_host_t *h, int *is)
{
    size_t           name;
    replay_looser_t  looser;

    looser = h->looser;

    for (name = 0; looser.unknown && name < REPLAY_NAMES; name++) {
        if (others_name(c, h, name, &looser) != STATUS_DONE) {
            return c->ctl->error.status;
        }
    }

    *is = replay_other_looser(&looser);

    return STATUS_DONE;
}


static int
others_name(verify_t *c, const replay_host_t *h, size_t name,
    replay_looser_t *looser)
{
    int              over, own;
    const char      *from;
    others_next_t    n;
    replay_times_t   times;

    if (others_ask(c, h, name) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    over = own = 0;
    from = NULL;

    if (!others_begin(&n, c, h, name)) {
        return STATUS_DONE;
    }

    while (others_next(&n)) {

        if (others_times(&n, &times) != STATUS_DONE) {
            return c->ctl->error.status;
        }

        over |= from && !paylock_host_beside(&n.names.candidate, from);

        if (!over && paylock_record_says(&times)) {
            own |= name && strcmp(n.names.name, n.names.www) == 0;
            replay_other_held(looser, name, &times, from != NULL);
            from = n.names.candidate.name;
        }
    }

    if (own) {
        memset(looser->was[name], 0, REPLAY_DEFAULTS);
    }

    return STATUS_DONE;
}


static int
others_ask(verify_t *c, const replay_host_t *h, size_t name)
{
    others_next_t  n;

    if (!others_begin(&n, c, h, name)) {
        return STATUS_DONE;
    }

    while (others_next(&n)) {
        if (n.known == NULL
            && redis_queue(c->ctl->redis, "HGET", c->ctl->settings.locks,
                           n.names.name, NULL)
               != 0)
        {
            return c->ctl->error.status;
        }
    }

    return redis_send(c->ctl->redis) == 0 ? STATUS_DONE
                                          : c->ctl->error.status;
}


static int
others_begin(others_next_t *n, verify_t *c, const replay_host_t *h,
    size_t name)
{
    n->check = c;
    n->host = h;
    n->held = h->looser.held[name];

    return replay_other_names(&n->names, h, name);
}


/*
 * The next record that may hold and that was not known when the lock was read.
 * Where all records were read, those of other names are not there.
 */

static int
others_next(others_next_t *n)
{
    const replay_host_t  *other;

    while (replay_other_next(&n->names)) {
        other = replay_find(n->check->replay, n->names.name,
                            strlen(n->names.name));

        if (other && other == n->held) {
            return 0;
        }

        n->known = other && other->first > n->host->looser.seq ? other : NULL;

        if (n->known || (other ? other->seq == 0
                               : n->check->since.before.head.seq != 0))
        {
            return 1;
        }
    }

    return 0;
}


static int
others_times(others_next_t *n, replay_times_t *times)
{
    control_t         *ctl;
    redisReply        *reply;
    paylock_record_t   rec;

    ctl = n->check->ctl;

    if (n->known) {
        *times = n->known->before;
        return STATUS_DONE;
    }

    reply = redis_expect(ctl->redis, REDIS_REPLY_STRING);

    if (reply == NULL) {
        return ctl->error.status;
    }

    times->set = 0;

    if (reply->type == REDIS_REPLY_STRING
        && paylock_record_seq(reply->str, reply->len) < n->host->looser.seq
        && paylock_record_parse(reply->str, reply->len, &rec) == NULL)
    {
        memcpy(times->time, rec.time, sizeof(rec.time));
        times->set = rec.set;
    }

    freeReplyObject(reply);

    return STATUS_DONE;
}
