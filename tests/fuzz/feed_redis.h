/*
 * Copyright (C) 2026 paylock contributors
 *
 * As much of a Redis as the feed sees: some fields, a stream of true entries,
 * and a replica that may be promoted without the last of them.
 */


#ifndef _FEED_REDIS_H_INCLUDED_
#define _FEED_REDIS_H_INCLUDED_


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_audit.h"


#define ENTRIES  96                    /* that are ever written */
#define PARTS    12                    /* fields of an entry in the stream */
#define NONE     (-1)

#define GENESIS  "00000000000000000000000000000000" \
                 "00000000000000000000000000000000"


static const char *const  fields[] = {
    "a.s.test", "www.a.s.test", "b.s.test", "*.s.test", ".s.test", "*.test",
    ".test", "s.test", "www.s.test", "*.b.s.test", "c.test", "d.test",
    "e.test", "f.test", "g.test", "h.test"
};

#define FIELDS  (int) (sizeof(fields) / sizeof(fields[0]))


/* the clock of the test begins at 1000000 */

static const char *const  records[] = {
    "{\"at\":1000,\"lock_at\":1000}",
    "{\"at\":1000,\"lock_at\":1000,\"pass_after\":900000}",
    "{\"at\":1000,\"lock_at\":1000,\"pass_after\":500000}",
    "{\"at\":1000,\"open_at\":1000}",
    "{\"at\":1000,\"open_at\":1000,\"pass_after\":900000}",
    "{\"at\":1000,\"notice_at\":1000}",
    "{\"at\":1000,\"readonly_at\":1000}",
    "{\"at\":1000,\"lock_at\":2000000}",
    "{\"at\":1000,\"open_at\":1000,\"lock_at\":1000100}",
    "{\"pass_after\":900000}",
    "{}",
    "junk"
};

#define RECORDS  (int) (sizeof(records) / sizeof(records[0]))


typedef struct {
    uint64_t     seq;
    int          field;                /* NONE: concerns no host */
    int          after;
    char         id[24];
    char         prev[PAYLOCK_HASH_LEN + 1];
    char         hash[PAYLOCK_HASH_LEN + 1];
    char         chain[PAYLOCK_CHAIN_LEN + 1];
    char         request[PAYLOCK_CHAIN_LEN + 1];
    redisReply   reply;
    redisReply  *pair[2];
    redisReply   part[2 * PARTS + 2];
    redisReply  *parts[2 * PARTS];
} entry_t;


typedef struct {
    int          record[FIELDS];
    entry_t     *entry[ENTRIES];
    int          n;
} world_t;


static entry_t   entries[ENTRIES];
static int       written;
static int       requests;
static world_t   redis, replica;


static inline redisReply *
part_set(redisReply *part, const char *text)
{
    memset(part, 0, sizeof(*part));

    part->type = REDIS_REPLY_STRING;
    part->str = (char *) text;
    part->len = strlen(text);

    return part;
}


/* An entry behind the last one; adopt: with a number that nobody knows. */

static inline void
redis_write(int field, int after, uint64_t adopt, const char *prev)
{
    int               i;
    entry_t          *e, *last;
    paylock_entry_t   p;

    const char       *text[PARTS][2] = {
        { "v", "2" }, { "chain", NULL }, { "time", "1" },
        { "action", adopt ? "adopt" : "lock" }, { "host", "" },
        { "before", "" }, { "after", "" }, { "request", NULL },
        { "prev", NULL }, { "hash", NULL }, { "skip", GENESIS },
        { "salt", "00000000000000000000000000000000" }
    };

    if (written == ENTRIES) {
        return;
    }

    e = &entries[written++];
    last = redis.n ? redis.entry[redis.n - 1] : NULL;

    e->field = field;
    e->after = after;
    e->seq = adopt ? adopt : last ? last->seq + 1 : 1;

    snprintf(e->id, sizeof(e->id), "%llu-0", (unsigned long long) e->seq);
    snprintf(e->chain, sizeof(e->chain), "%032d", 1);
    snprintf(e->request, sizeof(e->request), "%032d", requests);
    snprintf(e->prev, sizeof(e->prev), "%.64s",
             last ? last->hash : *prev ? prev : GENESIS);

    text[1][1] = e->chain;
    text[7][1] = e->request;
    text[8][1] = e->prev;
    text[9][1] = e->hash;

    if (field != NONE) {
        text[4][1] = fields[field];
        text[5][1] = redis.record[field] == NONE
                     ? "" : records[redis.record[field]];
        text[6][1] = after == NONE ? "" : records[after];
        redis.record[field] = after;
    }

    memset(&p, 0, sizeof(p));
    p.seq = e->seq;

#define put(name, value)                                                      \
    p.field[name].data = value;                                               \
    p.field[name].len = strlen(value)

    put(PAYLOCK_AUDIT_CHAIN, text[1][1]);
    put(PAYLOCK_AUDIT_TIME, text[2][1]);
    put(PAYLOCK_AUDIT_ACTION, text[3][1]);
    put(PAYLOCK_AUDIT_HOST, text[4][1]);
    put(PAYLOCK_AUDIT_BEFORE, text[5][1]);
    put(PAYLOCK_AUDIT_AFTER, text[6][1]);
    put(PAYLOCK_AUDIT_REQUEST, text[7][1]);
    put(PAYLOCK_AUDIT_PREV, text[8][1]);
    put(PAYLOCK_AUDIT_SKIP, text[10][1]);
    put(PAYLOCK_AUDIT_SALT, text[11][1]);

#undef put

    if (paylock_entry_hash(&p, e->hash) != 0) {
        abort();
    }

    for (i = 0; i < PARTS; i++) {
        e->parts[2 * i] = part_set(&e->part[2 * i], text[i][0]);
        e->parts[2 * i + 1] = part_set(&e->part[2 * i + 1], text[i][1]);
    }

    e->pair[0] = part_set(&e->part[2 * PARTS], e->id);
    e->pair[1] = &e->part[2 * PARTS + 1];

    memset(e->pair[1], 0, sizeof(redisReply));
    e->pair[1]->type = REDIS_REPLY_ARRAY;
    e->pair[1]->elements = 2 * PARTS;
    e->pair[1]->element = e->parts;

    memset(&e->reply, 0, sizeof(e->reply));
    e->reply.type = REDIS_REPLY_ARRAY;
    e->reply.elements = 2;
    e->reply.element = e->pair;

    redis.entry[redis.n++] = e;
}


static inline int
redis_length(void)
{
    int  f, n;

    for (n = 0, f = 0; f < FIELDS; f++) {
        n += redis.record[f] != NONE;
    }

    return n;
}


static inline void
redis_init(void)
{
    int  f;

    written = 0;
    requests = 0;
    memset(&redis, 0, sizeof(redis));

    for (f = 0; f < FIELDS; f++) {
        redis.record[f] = NONE;
    }

    replica = redis;
}


#endif /* _FEED_REDIS_H_INCLUDED_ */
