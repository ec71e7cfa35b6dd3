
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Checks version, role and clock of Redis, which all users may read.
 */


#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "doctor/doctor.h"


#define DOCTOR_MAJOR  7                /* least major version */
#define DOCTOR_LAG    1048576          /* bytes a replica may be behind */


static void doctor_hello(doctor_t *d);
static const char *doctor_member(const redisReply *reply, const char *name);
static void doctor_role(doctor_t *d);
static void doctor_replicas(doctor_t *d, const redisReply *reply);
static void doctor_clock(doctor_t *d);
static long long doctor_now(void);


void
doctor_redis(doctor_t *d)
{
    doctor_hello(d);
    doctor_role(d);
    doctor_clock(d);
}


static void
doctor_hello(doctor_t *d)
{
    const char  *version, *mode, *where;
    redisReply  *reply;

    where = d->ctl->settings.where;
    reply = doctor_ask(d, "redis", "HELLO", NULL, NULL);

    if (reply == NULL) {
        return;
    }

    version = doctor_member(reply, "version");
    mode = doctor_member(reply, "mode");

    if (version == NULL) {
        doctor_say(d, DOCTOR_NOTE, "redis", "give this user +hello",
                   "Redis at %s answers, and does not say its version: %.200s",
                   where, reply->type == REDIS_REPLY_ERROR ? reply->str : "");

    } else if (atoi(version) < DOCTOR_MAJOR) {
        doctor_say(d, DOCTOR_PROBLEM, "redis",
                   "use Redis 7.0 or newer, or Valkey",
                   "Redis at %s is of version %.50s", where, version);

    } else {
        doctor_say(d, DOCTOR_OK, "redis", NULL, "version %.50s, %.50s, "
                   "answers at %s", version, mode ? mode : "", where);
    }

    if (mode && strcmp(mode, "sentinel") == 0) {
        doctor_say(d, DOCTOR_PROBLEM, "redis",
                   "name the primary that it watches with --redis",
                   "what answers at %s is a Sentinel", where);
    }

    freeReplyObject(reply);
}


/* The text that follows a name in a flat list of names and values. */

static const char *
doctor_member(const redisReply *reply, const char *name)
{
    size_t             i;
    const redisReply  *key, *value;

    for (i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements;
         i += 2)
    {
        key = reply->element[i];
        value = reply->element[i + 1];

        if (key->type == REDIS_REPLY_STRING && strcmp(key->str, name) == 0
            && value->type == REDIS_REPLY_STRING)
        {
            return value->str;
        }
    }

    return NULL;
}


static void
doctor_role(doctor_t *d)
{
    const char        *role;
    redisReply        *reply;
    const redisReply  *first;

    reply = doctor_ask(d, "replication", "ROLE", NULL, NULL);

    if (reply == NULL) {
        return;
    }

    first = reply->type == REDIS_REPLY_ARRAY && reply->elements
            ? reply->element[0] : NULL;
    role = first && first->type == REDIS_REPLY_STRING ? first->str : NULL;

    if (role == NULL) {
        doctor_say(d, DOCTOR_PROBLEM, "replication", "give this user +role",
                   "whether Redis at %s is a primary cannot be seen: %.200s",
                   d->ctl->settings.where,
                   reply->type == REDIS_REPLY_ERROR ? reply->str : "");

    } else if (strcmp(role, "master") == 0) {
        doctor_replicas(d, reply);

    } else if (strcmp(role, "slave") == 0 && reply->elements > 2
               && reply->element[1]->type == REDIS_REPLY_STRING)
    {
        doctor_say(d, DOCTOR_PROBLEM, "replication",
                   "name the primary with --redis; nginx may follow this "
                   "one with replica=on",
                   "Redis at %s is a replica of %.200s:%lld",
                   d->ctl->settings.where, reply->element[1]->str,
                   reply->element[2]->integer);
    }

    freeReplyObject(reply);
}


/* ROLE of a primary: "master", offset, (address, port, offset) per replica. */

static void
doctor_replicas(doctor_t *d, const redisReply *reply)
{
    size_t             i, n;
    long long          behind;
    const redisReply  *replicas, *one;

    replicas = reply->elements > 2 ? reply->element[2] : NULL;
    n = replicas && replicas->type == REDIS_REPLY_ARRAY ? replicas->elements
                                                        : 0;

    for (i = 0; i < n; i++) {
        one = replicas->element[i];

        if (one->type != REDIS_REPLY_ARRAY || one->elements < 3
            || one->element[0]->type != REDIS_REPLY_STRING
            || one->element[1]->type != REDIS_REPLY_STRING
            || one->element[2]->type != REDIS_REPLY_STRING)
        {
            continue;
        }

        behind = reply->element[1]->integer
                 - strtoll(one->element[2]->str, NULL, 10);

        if (behind > DOCTOR_LAG) {
            doctor_say(d, DOCTOR_PROBLEM, "replication",
                       "see the log of that replica; if it took over now, "
                       "changes would be lost",
                       "the replica %.200s:%.20s is %lld bytes behind",
                       one->element[0]->str, one->element[1]->str, behind);
        }
    }

    doctor_say(d, n ? DOCTOR_OK : DOCTOR_NOTE, "replication",
               n ? NULL : "if this Redis is lost, so are all changes since "
                          "its last backup: a replica has them",
               "Redis is a primary with %zu replica%s", n, n == 1 ? "" : "s");
}


static void
doctor_clock(doctor_t *d)
{
    long long          before, after, redis, differ;
    redisReply        *reply;
    const redisReply  *seconds, *micro;

    before = doctor_now();
    reply = doctor_ask(d, "clock", "TIME", NULL, NULL);
    after = doctor_now();

    if (reply == NULL) {
        return;
    }

    seconds = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2
              ? reply->element[0] : NULL;
    micro = seconds ? reply->element[1] : NULL;

    if (seconds == NULL || seconds->type != REDIS_REPLY_STRING
        || micro->type != REDIS_REPLY_STRING)
    {
        doctor_say(d, DOCTOR_NOTE, "clock", "give this user +time",
                   "the clock of Redis cannot be seen as this user");
        freeReplyObject(reply);
        return;
    }

    redis = strtoll(seconds->str, NULL, 10) * 1000
            + strtoll(micro->str, NULL, 10) / 1000;
    freeReplyObject(reply);

    differ = redis < before ? before - redis
             : redis > after ? redis - after : 0;

    if (differ < DOCTOR_CLOCK) {
        doctor_say(d, DOCTOR_OK, "clock", NULL,
                   "that of Redis and that of this machine agree");
        return;
    }

    doctor_say(d, DOCTOR_PROBLEM, "clock",
               "set the clocks of all machines by NTP; a lock or an opening "
               "that is planned comes by the clock of each nginx",
               "the clock of this machine is %lld s %s that of Redis",
               (differ + 500) / 1000, redis < before ? "ahead of" : "behind");
}


static long long
doctor_now(void)
{
    struct timeval  tv;

    (void) gettimeofday(&tv, NULL);

    return tv.tv_sec * 1000LL + tv.tv_usec / 1000;
}
