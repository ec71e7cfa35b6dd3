
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "redis/redis_conn.h"


/* Errors of Redis by their first word, and what to do about them. */

static const struct {
    const char  *word;
    const char  *code;
    const char  *mend;
} redis_errors[] = {
    { "NOAUTH", "auth", "give its password by --password-file, or in the "
      "configuration" },
    { "WRONGPASS", "auth", "correct the user name or the password" },
    { "NOPERM", "permission", "give this Redis user the rights that "
      "\"paylock-admin init --acl\" prints" },
    { "WRONGTYPE", "type", "something else uses these keys: choose another "
      "prefix with --prefix" },
    { "READONLY", "readonly", "this is a replica: name the primary with "
      "--redis" },
    { "OOM", "memory", "Redis is at its maxmemory: raise it" },
    { "MISCONF", "disk", "Redis cannot write to its disk: see its log" },
    { "NOREPLICAS", "replicas", "Redis has fewer good replicas than its "
      "min-replicas-to-write: bring them back" },
    { "LOADING", "busy", "Redis is reading its data: try again shortly" },
    { "BUSY", "busy", "a script blocks Redis: end it, or wait" },
    { "MASTERDOWN", "busy", "this replica has lost its primary: name the "
      "primary with --redis" },
    { "CLUSTERDOWN", "cluster", "mend the cluster first" },
    { "MOVED", "cluster", "name the node that holds paylock's keys with "
      "--redis" },
    { "CROSSSLOT", "cluster", "a prefix for a cluster needs braces, such as "
      "{paylock}:" },
    { "ERR AUTH", "auth", "this Redis has no password: take it out of the "
      "configuration" },
    { "ERR", "redis", "is this a Redis of version 5 or later?" },
    { "", "redis", "see the log of Redis" }
};


redisReply *
redis_expect(redis_conn_t *redis, int type)
{
    redisReply  *reply;

    reply = redis_reply(redis);

    if (reply == NULL || reply->type == type
        || reply->type == REDIS_REPLY_NIL)
    {
        return reply;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        (void) redis_refused(redis, reply);

    } else {
        (void) redis_fault(redis, "protocol", "is this the address of a Redis?",
                           "gave an answer of an unexpected type", "");
    }

    freeReplyObject(reply);

    return NULL;
}


int
redis_number(redis_conn_t *redis, const char *command, const char *key,
    uint64_t *n)
{
    redisReply  *reply;

    if (redis_queue(redis, command, key, NULL) != 0 || redis_send(redis) != 0) {
        return -1;
    }

    reply = redis_expect(redis, REDIS_REPLY_INTEGER);

    if (reply == NULL) {
        return -1;
    }

    *n = reply->integer > 0 ? (uint64_t) reply->integer : 0;

    freeReplyObject(reply);

    return 0;
}


int
redis_expect_ok(redis_conn_t *redis)
{
    redisReply  *reply;

    reply = redis_expect(redis, REDIS_REPLY_STATUS);

    if (reply == NULL) {
        return -1;
    }

    freeReplyObject(reply);

    return 0;
}


int
redis_refused(redis_conn_t *redis, const redisReply *reply)
{
    size_t       i;
    const char  *text;

    static const char  discarded[] =
                               "EXECABORT Transaction discarded because of: ";

    text = reply->str;

    if (strncmp(text, discarded, sizeof(discarded) - 1) == 0) {
        text += sizeof(discarded) - 1;
    }

    /* the last word is empty and matches every text */

    for (i = 0; strncmp(text, redis_errors[i].word,
                        strlen(redis_errors[i].word))
                != 0; i++)
    {
        /* void */
    }

    return redis_fault(redis, redis_errors[i].code, redis_errors[i].mend,
                       "refused: ", text);
}


void
redis_drop(redis_conn_t *redis, size_t replies)
{
    redisReply  *reply;

    while (replies-- && (reply = redis_reply(redis)) != NULL) {
        freeReplyObject(reply);
    }
}
