
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trail/head.h"
#include "trail/trail.h"


#define HEAD_ADOPT  "find out what happened to this Redis; if it is to be "   \
                    "the truth from now on, run \"paylock-admin adopt\""
#define HEAD_ID     24


typedef struct {
    uint64_t  known;
    int       adopted;
} head_adopted_t;


static int head_queue(admin_t *a);
static int head_type(admin_t *a, const char *key, const char *type,
    int *there);
static void head_entry(const redisReply *reply, stream_t *s);
static int head_readable(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int head_last(admin_t *a, const redisReply *reply, stream_t *s);
static int head_walk(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int head_differs(admin_t *a, const char *what);


int
head_read(admin_t *a, stream_t *s)
{
    int          there, status;
    redisReply  *reply;

    memset(s, 0, sizeof(stream_t));

    if (head_queue(a) != STATUS_DONE
        || link_done(a->link) != 0
        || head_type(a, a->settings.locks, "hash", &there) != STATUS_DONE
        || head_type(a, a->settings.audit, "stream", &s->there) != STATUS_DONE)
    {
        return a->problem.status;
    }

    reply = link_expect(a->link, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return a->problem.status;
    }

    head_entry(reply, s);
    freeReplyObject(reply);

    reply = link_reply(a->link);

    if (reply == NULL) {
        return a->problem.status;
    }

    status = s->there ? head_last(a, reply, s) : STATUS_DONE;
    freeReplyObject(reply);

    return status;
}


int
head_sound(admin_t *a, const stream_t *s)
{
    if (s->broken) {
        return problem_set(&a->problem, STATUS_FAILED, "chain_broken",
                           HEAD_ADOPT, "the last entry of the audit trail "
                           "\"%s\" in Redis at %s %s", a->settings.audit,
                           a->settings.where, s->broken);
    }

    return s->lost ? head_differs(a, "has lost its last entry") : STATUS_DONE;
}


int
head_judge(admin_t *a, const head_t *known, const stream_t *s)
{
    char            hash[PAYLOCK_HASH_LEN + 1];
    head_adopted_t  adopted;

    if (known->seq == 0) {
        return problem_set(&a->problem, STATUS_FAILED, "chain_unknown",
                           "run \"paylock-admin init\" first",
                           "no audit trail of Redis at %s is known here",
                           a->settings.where);
    }

    if (head_sound(a, s) != STATUS_DONE) {
        return a->problem.status;
    }

    if (s->head.seq == 0) {
        return head_differs(a, "is gone");
    }

    if (strcmp(s->head.chain, known->chain) != 0) {
        return head_differs(a, "is of another chain than the one known here");
    }

    if (s->head.seq < known->seq) {
        return head_differs(a, "ends before the entry last seen from here");
    }

    if (s->head.seq == known->seq) {
        strcpy(hash, s->head.hash);

    } else if (head_hash(a, known->seq, hash) != STATUS_DONE) {
        return a->problem.status;
    }

    if (strcmp(hash, known->hash) == 0) {
        return STATUS_DONE;
    }

    adopted.known = known->seq;
    adopted.adopted = 0;

    if (trail_backwards(a, head_walk, &adopted) != STATUS_DONE) {
        return a->problem.status;
    }

    return adopted.adopted ? STATUS_DONE
                           : head_differs(a, "does not hold the entry last "
                                          "seen from here");
}


int
head_hash(admin_t *a, uint64_t seq, char hash[PAYLOCK_HASH_LEN + 1])
{
    char         id[HEAD_ID];
    stream_t     s;
    redisReply  *reply;

    memset(&s, 0, sizeof(stream_t));
    (void) snprintf(id, sizeof(id), "%" PRIu64 "-0", seq);

    if (link_command(a->link, "XRANGE", a->settings.audit, id, id, NULL) != 0
        || link_send(a->link) != 0)
    {
        return a->problem.status;
    }

    reply = link_expect(a->link, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return a->problem.status;
    }

    head_entry(reply, &s);
    freeReplyObject(reply);

    strcpy(hash, s.broken ? "" : s.head.hash);

    return STATUS_DONE;
}


int
head_newest(admin_t *a, head_t *head)
{
    memset(head, 0, sizeof(head_t));

    return trail_backwards(a, head_readable, head);
}


static int
head_readable(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    (void) id;

    if (why == NULL) {
        head_of(e, data);
    }

    return why != NULL;
}


const char *
head_generated(const redisReply *reply)
{
    size_t             i;
    const redisReply  *name, *value;

    for (i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements;
         i += 2)
    {
        name = reply->element[i];
        value = reply->element[i + 1];

        if (name->type == REDIS_REPLY_STRING
            && strcmp(name->str, "last-generated-id") == 0
            && value->type == REDIS_REPLY_STRING)
        {
            return value->str;
        }
    }

    return NULL;
}


void
head_of(const paylock_entry_t *e, head_t *head)
{
    memset(head, 0, sizeof(head_t));

    head->seq = e->seq;
    memcpy(head->chain, e->field[PAYLOCK_AUDIT_CHAIN].data, PAYLOCK_CHAIN_LEN);
    memcpy(head->hash, e->field[PAYLOCK_AUDIT_HASH].data, PAYLOCK_HASH_LEN);
}


static int
head_queue(admin_t *a)
{
    link_t      *l;
    const char  *locks, *audit;

    l = a->link;
    locks = a->settings.locks;
    audit = a->settings.audit;

    return link_command(l, "WATCH", locks, audit, NULL) == 0
           && link_command(l, "TYPE", locks, NULL) == 0
           && link_command(l, "TYPE", audit, NULL) == 0
           && link_command(l, "XREVRANGE", audit, "+", "-", "COUNT", "1", NULL)
              == 0
           && link_command(l, "XINFO", "STREAM", audit, NULL) == 0
           && link_send(l) == 0 ? STATUS_DONE : a->problem.status;
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

static void
head_entry(const redisReply *reply, stream_t *s)
{
    paylock_entry_t  e;

    if (reply->elements == 0) {
        return;
    }

    s->broken = paylock_entry_read(reply->element[0], &e);

    if (s->broken) {
        return;
    }

    head_of(&e, &s->head);
    s->keyed = e.field[PAYLOCK_AUDIT_KEY].len != 0;

    if (paylock_entry_intact(&e) != 1) {
        s->broken = "does not carry the hash of its contents";
    }
}


/*
 * An XADD below the last id that the stream ever had would fail inside EXEC,
 * where the change of the record does not.
 */

static int
head_last(admin_t *a, const redisReply *reply, stream_t *s)
{
    char        *end;
    const char  *id;

    if (reply->type == REDIS_REPLY_ERROR) {
        (void) link_refused(a->link, reply);
        return a->problem.status;
    }

    id = head_generated(reply);

    if (id) {
        s->last = strtoull(id, &end, 10);
        s->lost = s->last != s->head.seq || strcmp(end, "-0") != 0;
        return STATUS_DONE;
    }

    return problem_set(&a->problem, STATUS_FAILED, "protocol",
                       "is this a Redis of version 5 or later?",
                       "Redis at %s does not tell the last id of \"%s\"",
                       a->settings.where, a->settings.audit);
}


/* An entry that adopts stands for all before it, if it came after our own. */

static int
head_walk(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    head_adopted_t       *adopted;
    const paylock_str_t  *action;

    (void) id;

    adopted = data;
    action = &e->field[PAYLOCK_AUDIT_ACTION];

    if (why || e->seq <= adopted->known) {
        return 0;
    }

    adopted->adopted = action->len == sizeof("adopt") - 1
                       && memcmp(action->data, "adopt", action->len) == 0
                       && paylock_entry_intact(e) == 1;

    return !adopted->adopted;
}


static int
head_differs(admin_t *a, const char *what)
{
    return problem_set(&a->problem, STATUS_FAILED, "chain_differs", HEAD_ADOPT,
                       "the audit trail \"%s\" in Redis at %s %s",
                       a->settings.audit, a->settings.where, what);
}
