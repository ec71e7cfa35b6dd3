
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads an entry of the audit trail, and checks the form of its fields.
 */


#include <stdlib.h>
#include <string.h>

#include "paylock_audit.h"
#include "paylock_utf8.h"


#define PAYLOCK_AUDIT_OTHER                                                   \
    "has no \"v\" that is " PAYLOCK_AUDIT_VERSION ": upgrade this "           \
    "first, unless another program wrote it"
#define PAYLOCK_TIME_DIGITS  15
#define PAYLOCK_SEQ_DIGITS   19        /* below 2^64 */


static const char *paylock_entry_id(const redisReply *id, uint64_t *seq);
static const char *paylock_entry_pair(const redisReply *name,
    const redisReply *value, paylock_entry_t *e);
static int paylock_entry_is_name(const paylock_str_t *name);
static int paylock_entry_is_reserved(const paylock_str_t *name);
static int paylock_entry_is(const paylock_field_t *field,
    const paylock_str_t *value);
static int paylock_entry_is_number(const paylock_str_t *s, size_t digits);


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


static int
paylock_entry_is_reserved(const paylock_str_t *name)
{
    return paylock_str_is(*name, "seq") || paylock_str_is(*name, "leaf")
           || paylock_str_is(*name, "format")
           || paylock_str_is(*name, "checkpoint");
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
