
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Checks persistence and eviction of Redis.  The users for paylock may not see
 * these settings; an administrator of Redis can.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"


#define DOCTOR_WORD  64


static int doctor_line(const redisReply *info, const char *name,
    char value[DOCTOR_WORD]);
static int doctor_config(doctor_t *d, const char *name,
    char value[DOCTOR_WORD]);
static void doctor_unseen(doctor_t *d, const redisReply *reply);
static void doctor_persistence(doctor_t *d, const redisReply *info);
static void doctor_eviction(doctor_t *d, const redisReply *info);
static void doctor_least(doctor_t *d, const redisReply *info);


void
doctor_memory(doctor_t *d)
{
    redisReply  *info;

    info = doctor_ask(d, "persistence", "INFO", NULL, NULL);

    if (info == NULL) {
        return;
    }

    if (info->type == REDIS_REPLY_STRING) {
        doctor_persistence(d, info);
        doctor_eviction(d, info);
        doctor_least(d, info);

    } else {
        doctor_unseen(d, info);
    }

    freeReplyObject(info);
}


/* Copies the value of a line "name:value" of INFO; returns 1 if found. */

static int
doctor_line(const redisReply *info, const char *name, char value[DOCTOR_WORD])
{
    size_t       len, n;
    const char  *p;

    value[0] = '\0';
    len = strlen(name);

    for (p = info->str; p; p = strchr(p, '\n')) {
        p += *p == '\n';

        if (strncmp(p, name, len) == 0 && p[len] == ':') {
            p += len + 1;
            n = strcspn(p, "\r\n");
            (void) snprintf(value, DOCTOR_WORD, "%.*s",
                            (int) (n < DOCTOR_WORD ? n : DOCTOR_WORD - 1), p);
            return 1;
        }
    }

    return 0;
}


/* The same by CONFIG GET, which the user may not be allowed to send. */

static int
doctor_config(doctor_t *d, const char *name, char value[DOCTOR_WORD])
{
    int          there;
    redisReply  *reply;

    value[0] = '\0';
    reply = doctor_ask(d, "persistence", "CONFIG", "GET", name);

    there = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2
            && reply->element[1]->type == REDIS_REPLY_STRING;

    if (there) {
        (void) snprintf(value, DOCTOR_WORD, "%s", reply->element[1]->str);
    }

    freeReplyObject(reply);

    return there;
}


static void
doctor_unseen(doctor_t *d, const redisReply *reply)
{
    char         mend[256];
    const char  *user;

    user = d->ctl->settings.username;

    (void) snprintf(mend, sizeof(mend), "run this as an administrator of "
                    "Redis, or once: ACL SETUSER %.100s +info +config|get",
                    user ? user : "default");

    doctor_say(d, DOCTOR_NOTE, "persistence", mend,
               "whether Redis keeps its data on disk, and evicts no keys, "
               "cannot be seen as the user \"%.100s\": %.200s",
               user ? user : "default",
               reply->type == REDIS_REPLY_ERROR ? reply->str : "");
}


static void
doctor_persistence(doctor_t *d, const redisReply *info)
{
    char  aof[DOCTOR_WORD], save[DOCTOR_WORD], last[DOCTOR_WORD];

    (void) doctor_line(info, "aof_enabled", aof);

    if (strcmp(aof, "1") == 0) {
        (void) doctor_line(info, "aof_last_write_status", last);

        if (strcmp(last, "ok") == 0) {
            doctor_say(d, DOCTOR_OK, "persistence", NULL,
                       "Redis writes its append-only file");
        } else {
            doctor_say(d, DOCTOR_PROBLEM, "persistence",
                       "see the log of Redis, and its disk",
                       "Redis could not write its append-only file");
        }

        return;
    }

    doctor_say(d, DOCTOR_PROBLEM, "persistence", "CONFIG SET appendonly yes, "
               "and the same in redis.conf",
               doctor_config(d, "save", save) && save[0] == '\0'
               ? "Redis keeps nothing on disk: a restart loses all records "
                 "and the audit trail"
               : "Redis has no append-only file: a crash loses all changes "
                 "since its last snapshot");
}


static void
doctor_eviction(doctor_t *d, const redisReply *info)
{
    char  policy[DOCTOR_WORD], most[DOCTOR_WORD];

    (void) doctor_line(info, "maxmemory_policy", policy);
    (void) doctor_line(info, "maxmemory", most);

    /* volatile-* is harmless, as paylock's keys never expire */

    if (strncmp(policy, "allkeys-", 8) == 0) {
        doctor_say(d, DOCTOR_PROBLEM, "eviction",
                   "CONFIG SET maxmemory-policy noeviction, and the same in "
                   "redis.conf", "maxmemory-policy is %s: %s Redis takes away "
                   "any key, all locks among them", policy,
                   strcmp(most, "0") == 0 ? "once there is a maxmemory," : "at "
                   "its maxmemory");
        return;
    }

    doctor_say(d, DOCTOR_OK, "eviction", NULL,
               "maxmemory-policy is %s, which takes no key of paylock",
               policy);
}


/* Checks that there are as many good replicas as Redis needs for writes. */

static void
doctor_least(doctor_t *d, const redisReply *info)
{
    char  good[DOCTOR_WORD], least[DOCTOR_WORD];

    if (doctor_line(info, "min_slaves_good_slaves", good)
        && doctor_config(d, "min-replicas-to-write", least)
        && atoi(good) < atoi(least))
    {
        doctor_say(d, DOCTOR_PROBLEM, "replication",
                   "bring the replicas back",
                   "Redis refuses every change: it has %s good replicas, and "
                   "min-replicas-to-write is %s", good, least);
    }
}
