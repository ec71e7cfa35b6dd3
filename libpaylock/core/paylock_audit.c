
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


#define PAYLOCK_AUDIT_LEAF   "paylock audit leaf 2\n"
#define PAYLOCK_AUDIT_ENTRY  "paylock audit entry 2\n"
#define PAYLOCK_AUDIT_OTHER                                                   \
    "has no \"v\" that is " PAYLOCK_AUDIT_VERSION ": upgrade this "           \
    "first, unless another program wrote it"
#define PAYLOCK_TIME_DIGITS  15
#define PAYLOCK_SEQ_DIGITS   19        /* below 2^64 */
#define PAYLOCK_LENGTH       24        /* " <length> " in decimal */
#define PAYLOCK_LEAF_SMALL   8192      /* bytes */


static const char *paylock_entry_id(const redisReply *id, uint64_t *seq);
static const char *paylock_entry_pair(const redisReply *name,
    const redisReply *value, paylock_entry_t *e);
static int paylock_entry_is_name(const paylock_str_t *name);
static int paylock_entry_is_reserved(const paylock_str_t *name);
static int paylock_entry_is_link(const paylock_str_t *name);
static size_t paylock_entry_leaf_size(const paylock_entry_t *e);
static size_t paylock_entry_leaf_write(const paylock_entry_t *e, char *text);
static size_t paylock_entry_line(char *p, const paylock_str_t *name,
    const paylock_str_t *value);
static int paylock_entry_is(const paylock_field_t *field,
    const paylock_str_t *value);
static int paylock_entry_is_number(const paylock_str_t *s, size_t digits);
static int paylock_entry_digest(const char *text, size_t len,
    char hex[PAYLOCK_HASH_LEN + 1]);


const char *
paylock_entry_read(const redisReply *reply, paylock_entry_t *e)
{
    size_t             i;
    const char        *why;
    const redisReply  *fields;

    memset(e, 0, offsetof(paylock_entry_t, pair));

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
        why = paylock_entry_pair(fields->element[i], fields->element[i + 1],
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
paylock_entry_is_reserved(const paylock_str_t *name)
{
    return paylock_str_is(*name, "seq") || paylock_str_is(*name, "leaf")
           || paylock_str_is(*name, "format")
           || paylock_str_is(*name, "checkpoint");
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
paylock_entry_pair(const redisReply *name, const redisReply *value,
    paylock_entry_t *e)
{
    paylock_str_t  n, v;

    if (name->type != REDIS_REPLY_STRING
        || value->type != REDIS_REPLY_STRING)
    {
        return "has a name or a value that is not a string";
    }

    n.data = name->str;
    n.len = name->len;
    v.data = value->str;
    v.len = value->len;

    return paylock_entry_take(e, n, v);
}


const char *
paylock_entry_take(paylock_entry_t *e, paylock_str_t name, paylock_str_t value)
{
    size_t                  i;
    const paylock_field_t  *field;

    /* what follows may be of a form that only a later version knows */

    if (paylock_str_is(name, "v")
        && !paylock_str_is(value, PAYLOCK_AUDIT_VERSION))
    {
        return PAYLOCK_AUDIT_OTHER;
    }

    if (!paylock_entry_is_name(&name)) {
        return "has a field whose name holds more than letters, digits, "
               "\"_\" and \"-\"";
    }

    if (paylock_entry_is_reserved(&name)) {
        return "has a field with a name that the lines of an export need";
    }

    if (value.len > UINT32_MAX
        || !paylock_utf8_check(value.data, value.len))
    {
        return "has a field that is not UTF-8 text";
    }

    for (i = 0; i < e->n; i++) {
        if (e->pair[i].name.len == name.len
            && memcmp(e->pair[i].name.data, name.data, name.len) == 0)
        {
            return "has a field twice";
        }
    }

    if (e->n == PAYLOCK_ENTRY_PAIRS) {
        return "has more than 64 fields";
    }

    e->pair[e->n].name = name;
    e->pair[e->n++].value = value;

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        field = &paylock_entry_fields[i];

        if (name.len == field->len
            && memcmp(name.data, field->name, field->len) == 0)
        {
            e->field[i] = value;
            break;
        }
    }

    return NULL;
}


/* In the leaf a space ends the name. */

static int
paylock_entry_is_name(const paylock_str_t *name)
{
    size_t  i;
    char    c;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '_' || c == '-'))
        {
            return 0;
        }
    }

    return name->len != 0;
}


const char *
paylock_entry_check(const paylock_entry_t *e)
{
    size_t  i;

    if (!paylock_str_is(e->field[PAYLOCK_AUDIT_V], PAYLOCK_AUDIT_VERSION)) {
        return PAYLOCK_AUDIT_OTHER;
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
        return paylock_entry_is_number(value, PAYLOCK_TIME_DIGITS);

    case PAYLOCK_FIELD_NUMBER:
        return value->len == 0
               || paylock_entry_is_number(value, PAYLOCK_SEQ_DIGITS);

    case PAYLOCK_FIELD_HEX:
        return paylock_hex_check(value, field->limit);

    case PAYLOCK_FIELD_HEX_OR_NONE:
        return value->len == 0 || paylock_hex_check(value, field->limit);

    default:
        return 1;
    }
}


int
paylock_entry_writes(const paylock_entry_t *e)
{
    paylock_str_t  action;

    action = e->field[PAYLOCK_AUDIT_ACTION];

    return e->field[PAYLOCK_AUDIT_HOST].len != 0
           && !paylock_str_is(action, "init")
           && !paylock_str_is(action, "adopt");
}


int
paylock_entry_changes(const paylock_entry_t *e)
{
    paylock_str_t  action;

    action = e->field[PAYLOCK_AUDIT_ACTION];

    return paylock_entry_writes(e)
           && !paylock_str_is(action, "notice")
           && !paylock_str_is(action, "pass-issue");
}


uint64_t
paylock_entry_prior(const paylock_entry_t *e)
{
    const paylock_str_t  *s;

    s = &e->field[PAYLOCK_AUDIT_PRIOR];

    return s->len ? strtoull(s->data, NULL, 10) : 0;
}


static int
paylock_entry_is_number(const paylock_str_t *s, size_t digits)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if (s->data[i] < '0' || s->data[i] > '9') {
            return 0;
        }
    }

    return s->len && s->len <= digits
           && (s->data[0] != '0' || s->len == 1);
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
