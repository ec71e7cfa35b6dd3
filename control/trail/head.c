
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trail/head.h"
#include "trail/trail.h"


#define HEAD_ID     24


static int head_ask(control_t *ctl);
static int head_answer(control_t *ctl, stream_t *s);
static int head_type(control_t *ctl, const char *key, const char *type,
    int *there);
static void head_entry(const redisReply *reply, stream_t *s);
static int head_readable(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int head_last(control_t *ctl, const redisReply *reply, stream_t *s);


int
head_read(control_t *ctl, stream_t *s)
{
    return head_queue(ctl) == STATUS_DONE && redis_send(ctl->redis) == 0
           ? head_take(ctl, s) : ctl->error.status;
}


int
head_look(control_t *ctl, stream_t *s)
{
    return head_ask(ctl) == STATUS_DONE && redis_send(ctl->redis) == 0
           ? head_answer(ctl, s) : ctl->error.status;
}


int
head_queue(control_t *ctl)
{
    return redis_queue(ctl->redis, "WATCH", ctl->settings.locks,
                       ctl->settings.audit, NULL) == 0
           ? head_ask(ctl) : ctl->error.status;
}


int
head_take(control_t *ctl, stream_t *s)
{
    return redis_expect_ok(ctl->redis) == 0 ? head_answer(ctl, s)
                                            : ctl->error.status;
}


static int
head_ask(control_t *ctl)
{
    redis_conn_t  *redis;
    const char    *locks, *audit;

    redis = ctl->redis;
    locks = ctl->settings.locks;
    audit = ctl->settings.audit;

    return redis_queue(redis, "TYPE", locks, NULL) == 0
           && redis_queue(redis, "TYPE", ctl->settings.root, NULL) == 0
           && redis_queue(redis, "TYPE", audit, NULL) == 0
           && redis_queue(redis, "XREVRANGE", audit, "+", "-", "COUNT", "1",
                          NULL)
              == 0
           && redis_queue(redis, "XINFO", "STREAM", audit, NULL) == 0
           ? STATUS_DONE : ctl->error.status;
}


static int
head_answer(control_t *ctl, stream_t *s)
{
    int          there, status;
    redisReply  *reply;

    memset(s, 0, sizeof(stream_t));

    if (head_type(ctl, ctl->settings.locks, "hash", &there) != STATUS_DONE
        || head_type(ctl, ctl->settings.root, "hash", &there) != STATUS_DONE
        || head_type(ctl, ctl->settings.audit, "stream",
                     &s->there) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return ctl->error.status;
    }

    head_entry(reply, s);
    freeReplyObject(reply);

    reply = redis_reply(ctl->redis);

    if (reply == NULL) {
        return ctl->error.status;
    }

    status = s->there ? head_last(ctl, reply, s) : STATUS_DONE;
    freeReplyObject(reply);

    return status;
}


int
head_hash(control_t *ctl, uint64_t seq, char hash[PAYLOCK_HASH_LEN + 1])
{
    head_t            head;
    redisReply       *reply;
    paylock_entry_t   e;

    if (head_entry_read(ctl, seq, &reply, &e) != STATUS_DONE) {
        return ctl->error.status;
    }

    *hash = '\0';

    if (reply && paylock_entry_intact(&e) == 1) {
        head_of(&e, &head);
        strcpy(hash, head.hash);
    }

    freeReplyObject(reply);

    return STATUS_DONE;
}


int
head_entry_read(control_t *ctl, uint64_t seq, redisReply **reply,
    paylock_entry_t *e)
{
    *reply = NULL;

    if (head_entry_queue(ctl, seq) != STATUS_DONE
        || redis_send(ctl->redis) != 0)
    {
        return ctl->error.status;
    }

    *reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);

    if (*reply == NULL) {
        return ctl->error.status;
    }

    if ((*reply)->elements == 0
        || paylock_entry_read((*reply)->element[0], e) != NULL)
    {
        freeReplyObject(*reply);
        *reply = NULL;
    }

    return STATUS_DONE;
}


int
head_entry_queue(control_t *ctl, uint64_t seq)
{
    char  id[HEAD_ID];

    (void) snprintf(id, sizeof(id), "%" PRIu64 "-0", seq);

    return redis_queue(ctl->redis, "XRANGE", ctl->settings.audit, id, id, NULL)
           == 0 ? STATUS_DONE : ctl->error.status;
}


int
head_newest(control_t *ctl, head_t *head)
{
    memset(head, 0, sizeof(head_t));

    return trail_backwards(ctl, head_readable, head);
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
    memcpy(head->skip, e->field[PAYLOCK_AUDIT_SKIP].data, PAYLOCK_HASH_LEN);

    if (e->field[PAYLOCK_AUDIT_ROOT].len) {
        memcpy(head->root, e->field[PAYLOCK_AUDIT_ROOT].data, PAYLOCK_HASH_LEN);
    }
}


static int
head_type(control_t *ctl, const char *key, const char *type, int *there)
{
    int          ok;
    char         found[32];
    redisReply  *reply;

    reply = redis_expect(ctl->redis, REDIS_REPLY_STATUS);

    if (reply == NULL) {
        return ctl->error.status;
    }

    (void) snprintf(found, sizeof(found), "%s", reply->str ? reply->str : "");
    freeReplyObject(reply);

    *there = strcmp(found, "none") != 0;
    ok = !*there || strcmp(found, type) == 0;

    return ok ? STATUS_DONE
              : error_set(&ctl->error, STATUS_FAILED, "type",
                          "something else uses this key: rename it, or "
                          "remove it, or choose another prefix with --prefix",
                          "\"%s\" in Redis at %s is a %s, not a %s", key,
                          ctl->settings.where, found, type);
}


/* Reads the entry in a list of one, or of none. */

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

    if (paylock_entry_intact(&e) != 1) {
        s->broken = "does not carry the hash of its contents";
    }
}


/*
 * Reads the last id ever used: an XADD with a lower id would fail inside EXEC,
 * while the change of the record succeeds.
 */

static int
head_last(control_t *ctl, const redisReply *reply, stream_t *s)
{
    char        *end;
    const char  *id;

    if (reply->type == REDIS_REPLY_ERROR) {
        (void) redis_refused(ctl->redis, reply);
        return ctl->error.status;
    }

    id = head_generated(reply);

    if (id) {
        s->last = strtoull(id, &end, 10);
        s->lost = s->last != s->head.seq || strcmp(end, "-0") != 0;
        return STATUS_DONE;
    }

    return error_set(&ctl->error, STATUS_FAILED, "protocol",
                     "is this a Redis of version 5 or later?",
                     "Redis at %s does not tell the last id of \"%s\"",
                     ctl->settings.where, ctl->settings.audit);
}
