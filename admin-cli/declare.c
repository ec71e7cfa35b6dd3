
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "declare.h"
#include "entry.h"


static int declare_queue(admin_t *a, const char *action, const char *reason,
    head_t *head);
static flip_outcome_e declare_taken(admin_t *a, const redisReply *reply);


flip_outcome_e
declare(admin_t *a, const char *action, const char *reason, head_t *head)
{
    redisReply      *queued, *reply;
    flip_outcome_e   outcome;

    /* if MULTI were refused, what is behind it would be done at once */

    if (link_command(a->link, "MULTI", NULL) != 0
        || link_send(a->link) != 0
        || link_done(a->link) != 0
        || declare_queue(a, action, reason, head) != STATUS_DONE)
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

    return outcome;
}


static int
declare_queue(admin_t *a, const char *action, const char *reason, head_t *head)
{
    int               status;
    char              machine[WHO_MACHINE], request[2 * 16 + 1];
    const char       *actor;
    paylock_entry_t   e;

    if ((status = who_actor(a, &actor)) != STATUS_DONE
        || (status = entry_random(a, request, 16)) != STATUS_DONE)
    {
        return status;
    }

    who_machine(machine);
    memset(&e, 0, sizeof(paylock_entry_t));

    entry_set(&e, PAYLOCK_AUDIT_ACTOR, actor);
    entry_set(&e, PAYLOCK_AUDIT_MACHINE, machine);
    entry_set(&e, PAYLOCK_AUDIT_ACTION, action);
    entry_set(&e, PAYLOCK_AUDIT_REASON, reason);
    entry_set(&e, PAYLOCK_AUDIT_REQUEST, request);

    status = entry_queue(a, &e, head, 1);

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
