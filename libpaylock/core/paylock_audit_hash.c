
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The leaf of an entry, and its hash: docs/audit-format.md.
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "paylock_audit.h"


#define PAYLOCK_AUDIT_LEAF   "paylock audit leaf 2\n"
#define PAYLOCK_AUDIT_ENTRY  "paylock audit entry 2\n"
#define PAYLOCK_LENGTH       24        /* " <length> " in decimal */
#define PAYLOCK_LEAF_SMALL   8192      /* bytes */


static size_t paylock_entry_leaf_size(const paylock_entry_t *e);
static size_t paylock_entry_leaf_write(const paylock_entry_t *e, char *text);
static size_t paylock_entry_line(char *p, const paylock_str_t *name,
    const paylock_str_t *value);
static int paylock_entry_is_link(const paylock_str_t *name);
static int paylock_entry_digest(const char *text, size_t len,
    char hex[PAYLOCK_HASH_LEN + 1]);


char *
paylock_entry_leaf_text(const paylock_entry_t *e, size_t *len)
{
    char  *text;

    text = malloc(paylock_entry_leaf_size(e));

    if (text) {
        *len = paylock_entry_leaf_write(e, text);
    }

    return text;
}


static size_t
paylock_entry_leaf_size(const paylock_entry_t *e)
{
    size_t                  i, n, size;
    const paylock_pair_t   *pair;

    n = e->n ? e->n : PAYLOCK_AUDIT_FIELDS;
    size = sizeof(PAYLOCK_AUDIT_LEAF);

    for (i = 0; i < n; i++) {
        pair = &e->pair[i];
        size += PAYLOCK_LENGTH
                + (e->n ? pair->name.len + pair->value.len
                        : paylock_entry_fields[i].len + e->field[i].len);
    }

    return size;
}


static size_t
paylock_entry_leaf_write(const paylock_entry_t *e, char *text)
{
    char                   *p;
    size_t                  i, n;
    paylock_str_t           name;
    const paylock_pair_t   *pair;

    n = e->n ? e->n : PAYLOCK_AUDIT_FIELDS;
    p = stpcpy(text, PAYLOCK_AUDIT_LEAF);

    for (i = 0; i < n; i++) {
        pair = &e->pair[i];

        if (e->n) {
            p += paylock_entry_line(p, &pair->name, &pair->value);
            continue;
        }

        name.data = paylock_entry_fields[i].name;
        name.len = paylock_entry_fields[i].len;
        p += paylock_entry_line(p, &name, &e->field[i]);
    }

    return (size_t) (p - text);
}


/* Empty fields, and those that the hash or the signature cover, have none. */

static size_t
paylock_entry_line(char *p, const paylock_str_t *name,
    const paylock_str_t *value)
{
    char  *start;

    if (value->len == 0 || paylock_entry_is_link(name)) {
        return 0;
    }

    start = p;

    memcpy(p, name->data, name->len);
    p += name->len;
    p += sprintf(p, " %zu ", value->len);
    memcpy(p, value->data, value->len);
    p += value->len;
    *p++ = '\n';

    return p - start;
}


static int
paylock_entry_is_link(const paylock_str_t *name)
{
    return paylock_str_is(*name, "v") || paylock_str_is(*name, "chain")
           || paylock_str_is(*name, "prev") || paylock_str_is(*name, "skip")
           || paylock_str_is(*name, "hash") || paylock_str_is(*name, "root")
           || paylock_str_is(*name, "sig");
}


int
paylock_entry_leaf(const paylock_entry_t *e, char hex[PAYLOCK_HASH_LEN + 1])
{
    int     rc;
    char   *text, small[PAYLOCK_LEAF_SMALL];
    size_t  len;

    /* of a million entries nearly all are small: memory would take the time */

    if (paylock_entry_leaf_size(e) <= sizeof(small)) {
        return paylock_entry_digest(small, paylock_entry_leaf_write(e, small),
                                    hex);
    }

    text = paylock_entry_leaf_text(e, &len);

    if (text == NULL) {
        return -1;
    }

    rc = paylock_entry_digest(text, len, hex);

    free(text);

    return rc;
}


int
paylock_entry_link(const char *chain, uint64_t seq, const char *prev,
    const char *skip, const char *leaf, char hex[PAYLOCK_HASH_LEN + 1])
{
    int   len;
    char  text[384];

    len = snprintf(text, sizeof(text),
                   PAYLOCK_AUDIT_ENTRY "chain %.*s\nseq %" PRIu64 "\n"
                   "prev %.*s\nleaf %.*s\nskip %.*s\n", PAYLOCK_CHAIN_LEN,
                   chain, seq, PAYLOCK_HASH_LEN, prev, PAYLOCK_HASH_LEN, leaf,
                   PAYLOCK_HASH_LEN, skip);

    return paylock_entry_digest(text, len, hex);
}


int
paylock_entry_hash(const paylock_entry_t *e, char hex[PAYLOCK_HASH_LEN + 1])
{
    char                  leaf[PAYLOCK_HASH_LEN + 1];
    const paylock_str_t  *chain, *prev, *skip;

    chain = &e->field[PAYLOCK_AUDIT_CHAIN];
    prev = &e->field[PAYLOCK_AUDIT_PREV];
    skip = &e->field[PAYLOCK_AUDIT_SKIP];

    if (!paylock_hex_check(chain, PAYLOCK_CHAIN_LEN)
        || !paylock_hex_check(prev, PAYLOCK_HASH_LEN)
        || !paylock_hex_check(skip, PAYLOCK_HASH_LEN)
        || paylock_entry_leaf(e, leaf) != 0)
    {
        return -1;
    }

    return paylock_entry_link(chain->data, e->seq, prev->data, skip->data, leaf,
                              hex);
}


int
paylock_entry_intact(const paylock_entry_t *e)
{
    char                  hex[PAYLOCK_HASH_LEN + 1];
    const paylock_str_t  *hash;

    if (paylock_entry_hash(e, hex) != 0) {
        return -1;
    }

    hash = &e->field[PAYLOCK_AUDIT_HASH];

    return hash->len == PAYLOCK_HASH_LEN
           && memcmp(hash->data, hex, PAYLOCK_HASH_LEN) == 0;
}


static int
paylock_entry_digest(const char *text, size_t len,
    char hex[PAYLOCK_HASH_LEN + 1])
{
    unsigned char  hash[PAYLOCK_HASH_LEN / 2];

    if (EVP_Digest(text, len, hash, NULL, EVP_sha256(), NULL) != 1) {
        return -1;
    }

    paylock_hex(hash, sizeof(hash), hex);

    return 0;
}
