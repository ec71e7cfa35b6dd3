
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "paylock_audit.h"
#include "paylock_utf8.h"


#define PAYLOCK_AUDIT_LEAF   "paylock audit leaf 1\n"
#define PAYLOCK_AUDIT_ENTRY  "paylock audit entry 1\n"
#define PAYLOCK_TIME_DIGITS  15
#define PAYLOCK_LENGTH       24        /* " <length> " in decimal */


static const char *paylock_entry_id(const redisReply *id, uint64_t *seq);
static const char *paylock_entry_field(const redisReply *name,
    const redisReply *value, paylock_entry_t *e);
static int paylock_entry_is(const paylock_field_t *field,
    const paylock_str_t *value);
static int paylock_entry_is_time(const paylock_str_t *s);
static int paylock_entry_digest(const char *text, size_t len,
    char hex[PAYLOCK_HASH_LEN + 1]);


const char *
paylock_entry_read(const redisReply *reply, paylock_entry_t *e)
{
    size_t             i;
    const char        *why;
    const redisReply  *fields;

    memset(e, 0, sizeof(paylock_entry_t));

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        return "is no pair of an id and fields";
    }

    why = paylock_entry_id(reply->element[0], &e->seq);

    if (why) {
        return why;
    }

    fields = reply->element[1];

    if (fields->type != REDIS_REPLY_ARRAY || fields->elements % 2) {
        return "has no list of names and values";
    }

    for (i = 0; i < fields->elements; i += 2) {
        why = paylock_entry_field(fields->element[i], fields->element[i + 1],
                                  e);
        if (why) {
            return why;
        }
    }

    return paylock_entry_check(e);
}


char *
paylock_entry_leaf_text(const paylock_entry_t *e, size_t *len)
{
    char                 *text, *p;
    size_t                i, size;
    const paylock_str_t  *field;

    size = sizeof(PAYLOCK_AUDIT_LEAF);

    for (i = PAYLOCK_AUDIT_TIME; i <= PAYLOCK_AUDIT_SALT; i++) {
        size += paylock_entry_fields[i].len + PAYLOCK_LENGTH + e->field[i].len;
    }

    text = malloc(size);

    if (text == NULL) {
        return NULL;
    }

    p = stpcpy(text, PAYLOCK_AUDIT_LEAF);

    for (i = PAYLOCK_AUDIT_TIME; i <= PAYLOCK_AUDIT_SALT; i++) {
        field = &e->field[i];

        if (field->len == 0) {
            continue;
        }

        p += sprintf(p, "%s %zu ", paylock_entry_fields[i].name, field->len);
        memcpy(p, field->data, field->len);
        p += field->len;
        *p++ = '\n';
    }

    *len = p - text;

    return text;
}


int
paylock_entry_leaf(const paylock_entry_t *e, char hex[PAYLOCK_HASH_LEN + 1])
{
    int     rc;
    char   *text;
    size_t  len;

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
    const char *leaf, char hex[PAYLOCK_HASH_LEN + 1])
{
    int   len;
    char  text[256];

    len = snprintf(text, sizeof(text),
                   PAYLOCK_AUDIT_ENTRY "chain %.*s\nseq %" PRIu64 "\n"
                   "prev %.*s\nleaf %.*s\n", PAYLOCK_CHAIN_LEN, chain, seq,
                   PAYLOCK_HASH_LEN, prev, PAYLOCK_HASH_LEN, leaf);

    return paylock_entry_digest(text, len, hex);
}


int
paylock_entry_hash(const paylock_entry_t *e, char hex[PAYLOCK_HASH_LEN + 1])
{
    char                  leaf[PAYLOCK_HASH_LEN + 1];
    const paylock_str_t  *chain, *prev;

    chain = &e->field[PAYLOCK_AUDIT_CHAIN];
    prev = &e->field[PAYLOCK_AUDIT_PREV];

    if (!paylock_hex_check(chain, PAYLOCK_CHAIN_LEN)
        || !paylock_hex_check(prev, PAYLOCK_HASH_LEN)
        || paylock_entry_leaf(e, leaf) != 0)
    {
        return -1;
    }

    return paylock_entry_link(chain->data, e->seq, prev->data, leaf, hex);
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


static const char *
paylock_entry_id(const redisReply *id, uint64_t *seq)
{
    size_t    i, n;
    uint64_t  digit;

    static const char  why[] = "has an id other than <seq>-0, seq from 1";

    if (id->type != REDIS_REPLY_STRING || id->len < 3
        || memcmp(id->str + id->len - 2, "-0", 2) != 0
        || id->str[0] == '0')
    {
        return why;
    }

    n = id->len - 2;

    for (i = 0; i < n; i++) {

        if (id->str[i] < '0' || id->str[i] > '9') {
            return why;
        }

        digit = id->str[i] - '0';

        if (*seq > (UINT64_MAX - digit) / 10) {
            return why;
        }

        *seq = *seq * 10 + digit;
    }

    return NULL;
}


static const char *
paylock_entry_field(const redisReply *name, const redisReply *value,
    paylock_entry_t *e)
{
    size_t                  i;
    const paylock_field_t  *field;

    if (name->type != REDIS_REPLY_STRING
        || value->type != REDIS_REPLY_STRING)
    {
        return "has a name or a value that is not a string";
    }

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        field = &paylock_entry_fields[i];

        if ((size_t) name->len != field->len
            || memcmp(name->str, field->name, field->len) != 0)
        {
            continue;
        }

        if (e->field[i].data) {
            return "has a field twice";
        }

        if (value->len > UINT32_MAX
            || !paylock_utf8_check(value->str, value->len))
        {
            return "has a field that is not UTF-8 text";
        }

        e->field[i].data = value->str;
        e->field[i].len = value->len;

        break;
    }

    return NULL;
}


const char *
paylock_entry_check(const paylock_entry_t *e)
{
    size_t  i;

    if (!paylock_str_is(e->field[PAYLOCK_AUDIT_V], PAYLOCK_AUDIT_VERSION)) {
        return "has no \"v\" that is 1: it is of another version, "
               "or no entry of paylock";
    }

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        if (!paylock_entry_is(&paylock_entry_fields[i], &e->field[i])) {
            return paylock_entry_fields[i].why;
        }
    }

    return NULL;
}


/* Is the value of the field's type?  Texts may be anything. */

static int
paylock_entry_is(const paylock_field_t *field, const paylock_str_t *value)
{
    switch (field->type) {

    case PAYLOCK_FIELD_MILLISECONDS:
        return paylock_entry_is_time(value);

    case PAYLOCK_FIELD_HEX:
        return paylock_hex_check(value, field->limit);

    case PAYLOCK_FIELD_HEX_OR_NONE:
        return value->len == 0 || paylock_hex_check(value, field->limit);

    default:
        return 1;
    }
}


int
paylock_entry_changes(const paylock_entry_t *e)
{
    paylock_str_t  action;

    action = e->field[PAYLOCK_AUDIT_ACTION];

    return e->field[PAYLOCK_AUDIT_HOST].len != 0
           && !paylock_str_is(action, "notice")
           && !paylock_str_is(action, "pass-issue");
}


int
paylock_hex_check(const paylock_str_t *s, size_t len)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if ((s->data[i] < '0' || s->data[i] > '9')
            && (s->data[i] < 'a' || s->data[i] > 'f'))
        {
            return 0;
        }
    }

    return s->len == len;
}


static int
paylock_entry_is_time(const paylock_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if (s->data[i] < '0' || s->data[i] > '9') {
            return 0;
        }
    }

    return s->len && s->len <= PAYLOCK_TIME_DIGITS
           && (s->data[0] != '0' || s->len == 1);
}


static int
paylock_entry_digest(const char *text, size_t len,
    char hex[PAYLOCK_HASH_LEN + 1])
{
    size_t         i;
    unsigned char  hash[PAYLOCK_HASH_LEN / 2];

    static const char  digits[] = "0123456789abcdef";

    if (EVP_Digest(text, len, hash, NULL, EVP_sha256(), NULL) != 1) {
        return -1;
    }

    for (i = 0; i < sizeof(hash); i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }

    hex[PAYLOCK_HASH_LEN] = '\0';

    return 0;
}
