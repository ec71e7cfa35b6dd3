
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Audit entries: a reply in RESP, or its strings one a line, the id first.
 * An entry with the hash of its contents is whole, and nothing of it can be
 * changed, moved or left out without the hash telling.
 */


#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_archive.h"
#include "paylock_audit.h"
#include "paylock_resp.h"


#define STRINGS  64


static void
expect(const paylock_entry_t *e, int intact)
{
    if (paylock_entry_intact(e) != intact) {
        abort();
    }
}


/* Another byte at the beginning, in the middle or at the end. */

static void
change(paylock_entry_t *e, paylock_str_t *field)
{
    int             where;
    char           *copy;
    size_t          at;
    paylock_str_t   was;

    was = *field;

    for (where = 0; where <= 2; where++) {
        copy = malloc(was.len);
        if (copy == NULL) {
            abort();
        }

        memcpy(copy, was.data, was.len);
        at = (was.len - 1) * where / 2;
        copy[at] ^= 1;

        field->data = copy;
        expect(e, 0);
        *field = was;

        free(copy);
    }
}


/* What an entry says of an archive is written as it was read. */

static void
archive(const paylock_entry_t *e)
{
    char               archived[PAYLOCK_ARCHIVED_TEXT];
    char               peaks[PAYLOCK_PEAKS_TEXT];
    const char        *why;
    paylock_archive_t  a;

    why = paylock_archive_read(e, &a);

    if (why) {
        if (*why == '\0') {
            abort();
        }

        return;
    }

    paylock_archive_write(&a, archived, peaks);

    if (!paylock_str_is(e->field[PAYLOCK_AUDIT_ARCHIVED], archived)
        || !paylock_str_is(e->field[PAYLOCK_AUDIT_PEAKS], peaks)
        || a.seq == 0 || e->seq < a.seq + 2
        || paylock_archive_hash(&a, a.seq) == NULL)
    {
        abort();
    }
}


static void
try(const redisReply *reply)
{
    char             hash[PAYLOCK_HASH_LEN + 1];
    size_t           i;
    const char      *why;
    paylock_str_t    was, *field;
    paylock_entry_t  e;

    why = paylock_entry_read(reply, &e);

    if (why) {
        if (*why == '\0') {
            abort();
        }

        return;
    }

    if (e.seq == 0 || paylock_entry_hash(&e, hash) != 0
        || e.field[PAYLOCK_AUDIT_CHAIN].len != PAYLOCK_CHAIN_LEN
        || e.field[PAYLOCK_AUDIT_PREV].len != PAYLOCK_HASH_LEN
        || e.field[PAYLOCK_AUDIT_SKIP].len != PAYLOCK_HASH_LEN
        || e.field[PAYLOCK_AUDIT_HASH].len != PAYLOCK_HASH_LEN)
    {
        abort();
    }

    archive(&e);

    expect(&e, memcmp(e.field[PAYLOCK_AUDIT_HASH].data, hash,
                      PAYLOCK_HASH_LEN)
               == 0);

    e.field[PAYLOCK_AUDIT_HASH].data = hash;
    expect(&e, 1);

    e.seq++;
    expect(&e, 0);
    e.seq--;

    for (i = 0; i < e.n; i++) {
        field = &e.pair[i].value;
        was = *field;

        if (was.len == 0 || paylock_str_is(e.pair[i].name, "v")
            || paylock_str_is(e.pair[i].name, "sig")
            || paylock_str_is(e.pair[i].name, "chain")
            || paylock_str_is(e.pair[i].name, "prev")
            || paylock_str_is(e.pair[i].name, "skip")
            || paylock_str_is(e.pair[i].name, "hash"))
        {
            continue;
        }

        change(&e, field);

        /* the end of one field is not the beginning of the next */

        field->len--;
        expect(&e, 0);

        if (i + 1 < e.n && e.pair[i + 1].value.len == 0) {
            e.pair[i + 1].value.data = was.data + field->len;
            e.pair[i + 1].value.len = 1;
            expect(&e, 0);
            e.pair[i + 1].value.len = 0;
        }

        *field = was;
    }

    change(&e, &e.field[PAYLOCK_AUDIT_CHAIN]);
    change(&e, &e.field[PAYLOCK_AUDIT_PREV]);
    change(&e, &e.field[PAYLOCK_AUDIT_SKIP]);

    expect(&e, 1);
}


static void
lines(const char *data, size_t size)
{
    size_t       n;
    char        *copy, *p, *end;
    redisReply   string[STRINGS], *element[STRINGS], fields, reply, *pair[2];

    copy = malloc(size + 1);
    if (copy == NULL) {
        return;
    }

    memcpy(copy, data, size);
    copy[size] = '\n';

    memset(string, 0, sizeof(string));
    memset(&fields, 0, sizeof(fields));
    memset(&reply, 0, sizeof(reply));

    for (n = 0, p = copy; n < STRINGS && p <= copy + size; n++, p = end + 1) {
        end = memchr(p, '\n', copy + size + 1 - p);
        *end = '\0';

        string[n].type = REDIS_REPLY_STRING;
        string[n].str = p;
        string[n].len = end - p;
        element[n] = &string[n];
    }

    fields.type = REDIS_REPLY_ARRAY;
    fields.elements = n - 1;
    fields.element = element + 1;

    pair[0] = element[0];
    pair[1] = &fields;

    reply.type = REDIS_REPLY_ARRAY;
    reply.elements = 2;
    reply.element = pair;

    try(&reply);

    free(copy);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    redisReply      *reply;
    paylock_resp_t  *resp;

    if (size == 0) {
        return 0;
    }

    if (data[0] != '*') {
        lines((const char *) data, size);
        return 0;
    }

    resp = paylock_resp_create();
    if (resp == NULL) {
        abort();
    }

    if (paylock_resp_feed(resp, (const char *) data, size) == NULL
        && paylock_resp_next(resp, &reply) == NULL && reply)
    {
        try(reply);
        freeReplyObject(reply);
    }

    paylock_resp_free(resp);

    return 0;
}
