
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "trail/transaction.h"


static transaction_e transaction_take(control_t *ctl, size_t entries,
    size_t changes);
static int transaction_check(control_t *ctl, const redisReply *reply,
    size_t entries, size_t changes);


int
transaction_begin(control_t *ctl)
{
    return redis_queue(ctl->redis, "MULTI", NULL) == 0
           && redis_send(ctl->redis) == 0
           ? STATUS_DONE : ctl->error.status;
}


transaction_e
transaction_exec(control_t *ctl, size_t entries, size_t changes)
{
    if (redis_queue(ctl->redis, "EXEC", NULL) != 0) {
        return TRANSACTION_FAILED;
    }

    return redis_send(ctl->redis) == 0 ? transaction_take(ctl, entries, changes)
                                       : TRANSACTION_LOST;
}


/* Takes the reply to each command after MULTI, and that to EXEC. */

static transaction_e
transaction_take(control_t *ctl, size_t entries, size_t changes)
{
    int          refused, status;
    size_t       i;
    redisReply  *reply;

    refused = 0;

    for (i = 0; i < entries + changes; i++) {
        reply = redis_reply(ctl->redis);

        if (reply == NULL) {
            return TRANSACTION_LOST;
        }

        if (reply->type == REDIS_REPLY_ERROR && !refused) {
            refused = 1;
            (void) redis_refused(ctl->redis, reply);
        }

        freeReplyObject(reply);
    }

    reply = redis_reply(ctl->redis);

    if (reply == NULL) {
        return TRANSACTION_LOST;
    }

    if (reply->type == REDIS_REPLY_NIL) {
        freeReplyObject(reply);
        return TRANSACTION_RACE;
    }

    if (reply->type == REDIS_REPLY_ERROR) {

        if (!refused) {
            (void) redis_refused(ctl->redis, reply);
        }

        freeReplyObject(reply);

        return TRANSACTION_FAILED;
    }

    status = transaction_check(ctl, reply, entries, changes);
    freeReplyObject(reply);

    return status == STATUS_DONE ? TRANSACTION_DONE : TRANSACTION_FAILED;
}


/* Reports commands that failed: EXEC does not roll back. */

static int
transaction_check(control_t *ctl, const redisReply *reply, size_t entries,
    size_t changes)
{
    size_t             i;
    const redisReply  *r;

    static const char  mend[] = "run \"paylock-admin status\" and "
                                "\"paylock-admin audit log\" to see what "
                                "was done, and the command again";

    for (i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        r = reply->element[i];

        if (r->type == (i < entries ? REDIS_REPLY_STRING
                                    : REDIS_REPLY_INTEGER))
        {
            continue;
        }

        if (r->type == REDIS_REPLY_ERROR && entries + changes == 1) {
            (void) redis_refused(ctl->redis, r);
            return ctl->error.status;
        }

        return error_set(&ctl->error, STATUS_PARTLY, "partly", mend,
                         "Redis at %s carried out the transaction in part "
                         "only: %.300s", ctl->settings.where,
                         r->type == REDIS_REPLY_ERROR ? r->str
                         : "an answer of an unexpected type");
    }

    return i == entries + changes
           ? STATUS_DONE
           : error_set(&ctl->error, STATUS_PARTLY, "partly", mend,
                       "Redis at %s gave no whole answer to EXEC",
                       ctl->settings.where);
}
