
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "change/audit_syslog.h"
#include "trail/entry.h"
#include "trail/head.h"
#include "trail/trail_append.h"


static int declare_queue(admin_t *a, const declare_t *d, head_t *head);
static flip_outcome_e declare_taken(admin_t *a, const redisReply *reply);
static void declare_journal(admin_t *a, const declare_t *d,
    const head_t *head);


int
declare_begin(admin_t *a, declare_t *d, const char *action)
{
    int          status;
    const char  *actor;

    if ((status = who_actor(a, &actor)) != STATUS_DONE
        || (status = entry_random(a, d->request, 16)) != STATUS_DONE)
    {
        return status;
    }

    who_machine(d->machine);
    memset(&d->e, 0, sizeof(paylock_entry_t));

    entry_set(&d->e, PAYLOCK_AUDIT_ACTOR, actor);
    entry_set(&d->e, PAYLOCK_AUDIT_MACHINE, d->machine);
    entry_set(&d->e, PAYLOCK_AUDIT_ACTION, action);
    entry_set(&d->e, PAYLOCK_AUDIT_REQUEST, d->request);

    return STATUS_DONE;
}


flip_outcome_e
declare(admin_t *a, const declare_t *d, head_t *head)
{
    redisReply      *queued, *reply;
    flip_outcome_e   outcome;

    /* if MULTI were refused, what is behind it would be done at once */

    if (link_command(a->link, "MULTI", NULL) != 0
        || link_send(a->link) != 0
        || link_done(a->link) != 0
        || declare_queue(a, d, head) != STATUS_DONE)
    {
        return FLIP_FAILED;
    }

    if (link_send(a->link) != 0) {
        return FLIP_LOST;
    }

    queued = link_reply(a->link);
    reply = queued ? link_reply(a->link) : NULL;

    if (reply == NULL) {
        outcome = FLIP_LOST;

    } else if (queued->type == REDIS_REPLY_ERROR) {
        (void) link_refused(a->link, queued);
        outcome = FLIP_FAILED;

    } else {
        outcome = declare_taken(a, reply);
    }

    freeReplyObject(queued);
    freeReplyObject(reply);

    if (outcome == FLIP_DONE) {
        declare_journal(a, d, head);
    }

    return outcome;
}


static int
declare_queue(admin_t *a, const declare_t *d, head_t *head)
{
    int  status;

    status = entry_queue(a, &d->e, head, 1);

    if (status != STATUS_DONE) {
        return status;
    }

    return link_command(a->link, "EXEC", NULL) == 0 ? STATUS_DONE
                                                    : a->problem.status;
}


static flip_outcome_e
declare_taken(admin_t *a, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_NIL) {
        return FLIP_RACE;
    }

    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1) {
        reply = reply->element[0];

        if (reply->type == REDIS_REPLY_STRING) {
            return FLIP_DONE;
        }
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        (void) link_refused(a->link, reply);

    } else {
        (void) problem_set(&a->problem, STATUS_FAILED, "protocol", NULL,
                           "Redis gave no whole answer to EXEC");
    }

    return FLIP_FAILED;
}


int
declare_lost(admin_t *a, const declare_t *d, const head_t *head,
    const char *mend, int *done)
{
    char      hash[PAYLOCK_HASH_LEN + 1], why[sizeof(a->problem.message)];
    stream_t  s;

    *done = 0;
    memcpy(why, a->problem.message, sizeof(why));

    link_close(a->link);
    a->link = link_open(&a->settings, &a->problem);

    /* watched first, so that what is still on its way comes too late */

    if (a->link && head_read(a, &s) == STATUS_DONE
        && head_hash(a, head->seq, hash) == STATUS_DONE)
    {
        *done = strcmp(hash, head->hash) == 0;

        if (*done) {
            declare_journal(a, d, head);
        }

        return STATUS_DONE;
    }

    return problem_set(&a->problem, STATUS_UNKNOWN, "unknown", mend,
                       "the connection was lost in the transaction, and "
                       "whether that was carried out is not known: %.1500s",
                       why);
}


static void
declare_journal(admin_t *a, const declare_t *d, const head_t *head)
{
    const paylock_str_t  *f;

    f = d->e.field;
    a->done = "the change is made";

    journal(a, head, f[PAYLOCK_AUDIT_ACTION].data, "",
            f[PAYLOCK_AUDIT_ACTOR].data, d->request);
}
