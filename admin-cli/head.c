
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <string.h>

#include "head.h"


#define HEAD_ADOPT  "find out what happened to this Redis; if it is to be "   \
                    "the truth from now on, run \"paylock-admin adopt\""
#define HEAD_ID     24


static int head_type(admin_t *a, const char *key, const char *type,
    int *there);
static int head_entry(admin_t *a, redisReply *reply, head_t *head);
static int head_info(admin_t *a, redisReply *reply, const head_t *head);
static int head_differs(admin_t *a, const char *what);


int
head_queue(admin_t *a, uint64_t seq)
{
    char        id[HEAD_ID];
    link_t     *l;
    const char *locks, *audit;

    l = a->link;
    locks = a->settings.locks;
    audit = a->settings.audit;

    if (link_command(l, "WATCH", locks, audit, NULL) != 0
        || link_command(l, "TYPE", locks, NULL) != 0
        || link_command(l, "TYPE", audit, NULL) != 0
        || link_command(l, "XREVRANGE", audit, "+", "-", "COUNT", "1", NULL)
           != 0
        || link_command(l, "XINFO", "STREAM", audit, NULL) != 0)
    {
        return a->problem.status;
    }

    (void) snprintf(id, sizeof(id), "%" PRIu64 "-0", seq);

    if (seq && link_command(l, "XRANGE", audit, id, id, NULL) != 0) {
        return a->problem.status;
    }

    return STATUS_DONE;
}


int
head_take(admin_t *a, uint64_t seq, head_t *head,
    char hash[PAYLOCK_HASH_LEN + 1])
{
    int          there, status;
    head_t       probe;
    redisReply  *reply;

    memset(head, 0, sizeof(head_t));
    hash[0] = '\0';

    if (link_done(a->link) != 0) {
        return a->problem.status;
    }

    if (head_type(a, a->settings.locks, "hash", &there) != STATUS_DONE
        || head_type(a, a->settings.audit, "stream", &there) != STATUS_DONE)
    {
        return a->problem.status;
    }

    reply = link_expect(a->link, REDIS_REPLY_ARRAY);
    status = head_entry(a, reply, head);
    freeReplyObject(reply);

    if (status != STATUS_DONE) {
        return status;
    }

    reply = link_reply(a->link);
    status = reply && !there ? STATUS_DONE : head_info(a, reply, head);
    freeReplyObject(reply);

    if (status != STATUS_DONE || seq == 0) {
        return status;
    }

    reply = link_expect(a->link, REDIS_REPLY_ARRAY);
    memset(&probe, 0, sizeof(head_t));
    status = head_entry(a, reply, &probe);
    memcpy(hash, probe.hash, sizeof(probe.hash));
    freeReplyObject(reply);

    return status;
}


int
head_judge(admin_t *a, const head_t *known, const head_t *head,
    const char *hash)
{
    if (known->seq == 0) {
        return problem_set(&a->problem, STATUS_FAILED, "chain_unknown",
                           "run \"paylock-admin init\" first",
                           "no audit trail of Redis at %s is known here",
                           a->settings.where);
    }

    if (head->seq == 0) {
        return head_differs(a, "is gone");
    }

    if (strcmp(head->chain, known->chain) != 0) {
        return head_differs(a, "is of another chain than the one known here");
    }

    if (head->seq < known->seq) {
        return head_differs(a, "ends before the entry last seen from here");
    }

    if (*hash && strcmp(hash, known->hash) != 0) {
        return head_differs(a, "holds another entry than was seen from here");
    }

    return STATUS_DONE;
}


static int
head_type(admin_t *a, const char *key, const char *type, int *there)
{
    int          ok;
    char         found[32];
    redisReply  *reply;

    reply = link_expect(a->link, REDIS_REPLY_STATUS);

    if (reply == NULL) {
        return a->problem.status;
    }

    (void) snprintf(found, sizeof(found), "%s", reply->str ? reply->str : "");
    freeReplyObject(reply);

    *there = strcmp(found, "none") != 0;
    ok = !*there || strcmp(found, type) == 0;

    return ok ? STATUS_DONE
              : problem_set(&a->problem, STATUS_FAILED, "type",
                            "something else uses this key: rename it, or "
                            "choose another prefix with --prefix",
                            "\"%s\" in Redis at %s is a %s, not a %s", key,
                            a->settings.where, found, type);
}


/* The one entry of a list, none being none. */

static int
head_entry(admin_t *a, redisReply *reply, head_t *head)
{
    const char       *why;
    paylock_entry_t   e;

    if (reply == NULL) {
        return a->problem.status;
    }

    if (reply->elements == 0) {
        return STATUS_DONE;
    }

    why = paylock_entry_read(reply->element[0], &e);

    if (why == NULL && paylock_entry_intact(&e) != 1) {
        why = "does not carry the hash of its contents";
    }

    if (why) {
        return problem_set(&a->problem, STATUS_FAILED, "chain_broken",
                           HEAD_ADOPT, "an entry of the audit trail \"%s\" "
                           "%s", a->settings.audit, why);
    }

    head->seq = e.seq;
    memcpy(head->chain, e.field[PAYLOCK_AUDIT_CHAIN].data, PAYLOCK_CHAIN_LEN);
    memcpy(head->hash, e.field[PAYLOCK_AUDIT_HASH].data, PAYLOCK_HASH_LEN);

    return STATUS_DONE;
}


/*
 * An XADD below the last id that the stream ever had would fail inside EXEC,
 * where the change of the record does not.
 */

static int
head_info(admin_t *a, redisReply *reply, const head_t *head)
{
    char               id[HEAD_ID];
    size_t             i;
    const redisReply  *name, *value;

    if (reply == NULL) {
        return a->problem.status;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        (void) link_refused(a->link, reply);
        return a->problem.status;
    }

    (void) snprintf(id, sizeof(id), "%" PRIu64 "-0", head->seq);

    for (i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements;
         i += 2)
    {
        name = reply->element[i];
        value = reply->element[i + 1];

        if (name->type == REDIS_REPLY_STRING
            && strcmp(name->str, "last-generated-id") == 0
            && value->type == REDIS_REPLY_STRING)
        {
            return strcmp(value->str, id) == 0
                   ? STATUS_DONE : head_differs(a, "has lost its last entry");
        }
    }

    return problem_set(&a->problem, STATUS_FAILED, "protocol",
                       "is this a Redis of version 5 or later?",
                       "Redis at %s does not tell the last id of \"%s\"",
                       a->settings.where, a->settings.audit);
}


static int
head_differs(admin_t *a, const char *what)
{
    return problem_set(&a->problem, STATUS_FAILED, "chain_differs", HEAD_ADOPT,
                       "the audit trail \"%s\" in Redis at %s %s",
                       a->settings.audit, a->settings.where, what);
}
