
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <assert.h>
#include <string.h>

#include "paylock_record.h"


static json_t *paylock_record_decode(const char *value, size_t len,
    const char **why);
static const char *paylock_record_error(const json_error_t *error);
static int paylock_record_bare(const json_t *value, paylock_time_e *t);
static int paylock_record_ref(const json_t *value, const char **ref,
    size_t *len);


static_assert(sizeof(paylock_record_t) == 44, "records live in shared memory");


const char *
paylock_record_parse(const char *value, size_t len, paylock_record_t *rec)
{
    json_t      *json;
    const char  *why;

    if (paylock_record_plain(value, len, rec)) {
        return NULL;
    }

    json = paylock_record_decode(value, len, &why);

    if (json == NULL) {
        return why;
    }

    why = paylock_record_from_json(json, rec);

    json_decref(json);

    return why;
}


const char *
paylock_record_from_json(const json_t *value, paylock_record_t *rec)
{
    size_t           len;
    const char      *ref;
    json_int_t       n;
    const json_t    *member;
    paylock_time_e   t;

    memset(rec, 0, sizeof(paylock_record_t));

    if (paylock_record_bare(value, &t)) {
        rec->set = (1u << PAYLOCK_AT) | (1u << t);
        return NULL;
    }

    if (!json_is_object(value)) {
        return "is neither a JSON object nor one of 1, true, locked, "
               "0, false, open";
    }

    for (t = 0; t < PAYLOCK_TIMES; t++) {
        member = json_object_get(value, paylock_time_names[t]);

        if (member == NULL) {
            continue;
        }

        n = json_integer_value(member);

        if (!json_is_integer(member) || n < 0 || n > UINT32_MAX) {
            return paylock_record_fields[t]->why;
        }

        rec->time[t] = (uint32_t) n;
        rec->set |= 1u << t;
    }

    if (paylock_record_ref(value, &ref, &len)) {
        memcpy(rec->ref, ref, len);
        rec->ref_len = (uint8_t) len;
    }

    return NULL;
}


json_t *
paylock_record_load(const char *value, size_t len, const char **why)
{
    size_t             n;
    json_t            *json;
    const char        *ref;
    paylock_time_e     t;
    paylock_record_t   rec;

    json = paylock_record_decode(value, len, why);

    if (json == NULL) {
        return NULL;
    }

    *why = paylock_record_from_json(json, &rec);

    if (*why) {
        json_decref(json);
        return NULL;
    }

    if (paylock_record_bare(json, &t)) {
        json_decref(json);

        json = json_pack("{s:i, s:i}", paylock_time_names[PAYLOCK_AT], 0,
                         paylock_time_names[t], 0);
        if (json == NULL) {
            *why = "does not fit into the memory there is";
        }

        return json;
    }

    if (!paylock_record_ref(json, &ref, &n)) {
        (void) json_object_del(json, PAYLOCK_REF);
    }

    return json;
}


char *
paylock_record_dump(const json_t *record)
{
    return json_dumps(record, JSON_COMPACT);
}


int
paylock_record_protected(const json_t *record)
{
    const json_t  *mark;

    mark = json_object_get(record, PAYLOCK_PROTECTED);

    return mark && !json_is_false(mark) && !json_is_null(mark);
}


uint64_t
paylock_record_entry(const json_t *record)
{
    json_int_t  n;

    n = json_integer_value(json_object_get(record, PAYLOCK_ENTRY));

    return n > 0 ? (uint64_t) n : 0;
}


uint64_t
paylock_record_seq(const char *value, size_t len)
{
    uint64_t     n;
    const char  *p, *end;

    static const char  name[] = "\"" PAYLOCK_ENTRY "\":";

    end = value + len;

    for (p = value; ; p++) {
        p = memchr(p, '"', (size_t) (end - p));

        if (p == NULL || (size_t) (end - p) < sizeof(name)) {
            return 0;
        }

        if (memcmp(p, name, sizeof(name) - 1) == 0) {
            break;
        }
    }

    p += sizeof(name) - 1;

    for (n = 0; p < end && *p >= '0' && *p <= '9' && n < INT64_MAX / 100; p++) {
        n = n * 10 + (uint64_t) (*p - '0');
    }

    return n;
}


int
paylock_ref_check(const char *ref, size_t len)
{
    size_t  i;

    if (len == 0 || len > PAYLOCK_REF_MAX) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if ((ref[i] < 'A' || ref[i] > 'Z') && (ref[i] < 'a' || ref[i] > 'z')
            && (ref[i] < '0' || ref[i] > '9')
            && ref[i] != '.' && ref[i] != '_' && ref[i] != '-')
        {
            return 0;
        }
    }

    return 1;
}


/* "echo locked | redis-cli -x" puts a line feed behind the word */

static json_t *
paylock_record_decode(const char *value, size_t len, const char **why)
{
    json_t        *json;
    json_error_t   error;

    if (len > PAYLOCK_RECORD_MAX) {
        *why = "is larger than 65536 bytes";
        return NULL;
    }

    while (len && memchr(" \t\r\n", value[len - 1], 4)) {
        len--;
    }

    while (len && memchr(" \t\r\n", value[0], 4)) {
        value++;
        len--;
    }

    if ((len == 6 && memcmp(value, "locked", 6) == 0)
        || (len == 4 && memcmp(value, "open", 4) == 0))
    {
        json = json_stringn(value, len);
        *why = json ? NULL : "does not fit into the memory there is";
        return json;
    }

    json = json_loadb(value, len, JSON_REJECT_DUPLICATES|JSON_DECODE_ANY,
                      &error);

    *why = json ? NULL : paylock_record_error(&error);

    return json;
}


static const char *
paylock_record_error(const json_error_t *error)
{
    switch (json_error_code(error)) {

    case json_error_duplicate_key:
        return "has a member twice";

    case json_error_stack_overflow:
        return "is nested too deep";

    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "has a NUL in a string";

    case json_error_invalid_utf8:
        return "is not in UTF-8";

    case json_error_numeric_overflow:
        return "has a number too large to be read";

    case json_error_out_of_memory:
        return "does not fit into the memory there is";

    default:
        return "is not JSON";
    }
}


/* Is it a bare value, such as 1 or "open"?  *t is the time that it sets. */

static int
paylock_record_bare(const json_t *value, paylock_time_e *t)
{
    const char  *word;

    word = json_is_string(value) ? json_string_value(value) : "";

    if (json_is_true(value) || strcmp(word, "locked") == 0
        || (json_is_integer(value) && json_integer_value(value) == 1))
    {
        *t = PAYLOCK_LOCK_AT;
        return 1;
    }

    if (json_is_false(value) || strcmp(word, "open") == 0
        || (json_is_integer(value) && json_integer_value(value) == 0))
    {
        *t = PAYLOCK_OPEN_AT;
        return 1;
    }

    return 0;
}


static int
paylock_record_ref(const json_t *value, const char **ref, size_t *len)
{
    const json_t  *member;

    member = json_object_get(value, PAYLOCK_REF);

    if (!json_is_string(member)) {
        return 0;
    }

    *ref = json_string_value(member);
    *len = json_string_length(member);

    return paylock_ref_check(*ref, *len);
}
