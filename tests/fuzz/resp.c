
/*
 * Copyright (C) 2026 paylock contributors
 *
 * RESP decoding: a byte that chooses the chunks, and what Redis says.  However
 * the bytes come in, the same replies go out, with little memory.
 */


#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/allocator_interface.h>

#include "paylock_resp.h"


#define REPLIES  1024

/* an array that is announced and never comes; and each byte may be a reply */
#define MEMORY(size)  (1024 * 1024 + 256 * (size))


typedef struct {
    uint64_t  reply[REPLIES];          /* digests */
    size_t    n;
    int       pending;
    char      why[256];                /* empty: none */
} outcome_t;


static uint64_t
digest(uint64_t h, const void *data, size_t len)
{
    const uint8_t  *p;

    for (p = data; len--; p++) {
        h = (h ^ *p) * 1099511628211u;
    }

    return h;
}


static uint64_t
digest_reply(uint64_t h, const redisReply *reply)
{
    size_t  i;

    h = digest(h, &reply->type, sizeof(reply->type));

    switch (reply->type) {

    case REDIS_REPLY_INTEGER:
        return digest(h, &reply->integer, sizeof(reply->integer));

    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:

        if (reply->str[reply->len] != '\0') {
            abort();
        }

        h = digest(h, &reply->len, sizeof(reply->len));
        return digest(h, reply->str, reply->len);

    case REDIS_REPLY_ARRAY:
        h = digest(h, &reply->elements, sizeof(reply->elements));

        for (i = 0; i < reply->elements; i++) {
            h = digest_reply(h, reply->element[i]);
        }

        return h;

    case REDIS_REPLY_NIL:
        return h;

    default:
        abort();
    }
}


static const char *
take(paylock_resp_t *resp, outcome_t *o)
{
    const char  *why;
    redisReply  *reply;

    for ( ;; ) {
        why = paylock_resp_next(resp, &reply);

        if (why || reply == NULL) {
            return why;
        }

        if (o->n < REPLIES) {
            o->reply[o->n++] = digest_reply(14695981039346656037u, reply);
        }

        freeReplyObject(reply);
    }
}


/* In chunks by the seed, 0 being single bytes. */

static void
decode(const uint8_t *data, size_t size, unsigned seed, outcome_t *o)
{
    size_t           n, before;
    uint8_t         *chunk;
    uint32_t         random;
    const char      *why;
    paylock_resp_t  *resp;

    static unsigned  changed;          /* in a row */

    before = __sanitizer_get_current_allocated_bytes();
    memset(o, 0, sizeof(outcome_t));
    random = seed * 2654435761u + 1;
    why = NULL;

    resp = paylock_resp_create();
    if (resp == NULL) {
        abort();
    }

    for (n = 0; size && why == NULL; data += n, size -= n) {
        random = random * 1664525 + 1013904223;
        n = seed ? 1 + (random >> 16) % (1u << (seed % 11)) : 1;
        n = n < size ? n : size;

        /* whoever reads beyond it is caught */

        chunk = malloc(n);
        if (chunk == NULL) {
            abort();
        }

        memcpy(chunk, data, n);
        why = paylock_resp_feed(resp, (char *) chunk, n);
        free(chunk);

        if (why == NULL) {
            why = take(resp, o);
        }

        if (__sanitizer_get_current_allocated_bytes() - before
            > MEMORY(size))
        {
            abort();
        }
    }

    o->pending = paylock_resp_pending(resp);

    if (why) {

        /* once dead, it stays so; and hiredis has nothing to refuse */

        if (*why == '\0' || paylock_resp_feed(resp, "+OK\r\n", 5) != why
            || take(resp, o) != why || strstr(why, "hiredis")
            || strncmp(why, "Protocol error", 14) == 0)
        {
            abort();
        }

        strncpy(o->why, why, sizeof(o->why) - 1);
    }

    paylock_resp_free(resp);

    /* the count is of all threads, and libFuzzer has one of its own */

    changed = __sanitizer_get_current_allocated_bytes() != before
              ? changed + 1 : 0;

    if (changed == 4) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    outcome_t  one, other;

    if (size < 2) {
        return 0;
    }

    decode(data + 1, size - 1, 0, &one);
    decode(data + 1, size - 1, data[0] | 1, &other);

    /* replies that came together with what breaks the stream are lost */

    if (strcmp(one.why, other.why) != 0
        || (one.why[0] ? other.n > one.n : other.n != one.n)
        || memcmp(one.reply, other.reply, other.n * sizeof(uint64_t)) != 0
        || (one.why[0] == '\0' && one.pending != other.pending))
    {
        abort();
    }

    return 0;
}
