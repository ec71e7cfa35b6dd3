
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_record.h"


static int paylock_record_member(const char *name, size_t len);
static const char *paylock_record_string(const char *p, const char *end);
static const char *paylock_record_number(const char *p, uint64_t most,
    uint64_t *value);


int
paylock_record_plain(const char *p, size_t len, paylock_record_t *rec)
{
    int          member;
    unsigned     seen;
    uint64_t     n;
    const char  *end, *text;

    if (len < 2 || len > PAYLOCK_RECORD_MAX || p[0] != '{'
        || p[len - 1] != '}')
    {
        return 0;
    }

    memset(rec, 0, sizeof(paylock_record_t));

    /* the last "}" ends every scan below */

    end = p + len - 1;
    seen = 0;

    do {
        text = p + 2;
        p = paylock_record_string(p + 1, end);

        if (p == NULL || *p != ':') {
            return 0;
        }

        member = paylock_record_member(text, p - 1 - text);

        if (member < 0 || seen & 1u << member) {
            return 0;
        }

        seen |= 1u << member;
        p++;

        if (member < PAYLOCK_TIMES) {
            rec->set |= 1u << member;
            p = paylock_record_number(p, UINT32_MAX, &n);
            rec->time[member] = (uint32_t) n;

        } else if (paylock_record_fields[member]->type == PAYLOCK_FIELD_SEQ) {
            p = paylock_record_number(p, INT64_MAX, &n);

        } else {
            text = p + 1;
            p = paylock_record_string(p, end);

            if (p && paylock_record_fields[member]->type == PAYLOCK_FIELD_REF
                && paylock_ref_check(text, p - 1 - text))
            {
                rec->ref_len = (uint8_t) (p - 1 - text);
                memcpy(rec->ref, text, rec->ref_len);
            }
        }

    } while (p && *p == ',');

    return p == end;
}


/* The index in paylock_record_fields of the field of that name, or -1. */

static int
paylock_record_member(const char *name, size_t len)
{
    int                     i;
    const paylock_field_t  *field;

    for (i = 0; (field = paylock_record_fields[i]) != NULL; i++) {
        if (field->len == len && memcmp(field->name, name, len) == 0) {
            return i;
        }
    }

    return -1;
}


/* Where the string at p ends; NULL if there is none, or one with escapes. */

static const char *
paylock_record_string(const char *p, const char *end)
{
    if (*p != '"') {
        return NULL;
    }

    while (++p < end && *p >= ' ' && *p <= '~' && *p != '\\') {
        if (*p == '"') {
            return p + 1;
        }
    }

    return NULL;
}


static const char *
paylock_record_number(const char *p, uint64_t most, uint64_t *value)
{
    uint64_t     n;
    const char  *first;

    first = p;

    for (n = 0; *p >= '0' && *p <= '9'; p++) {
        if (n > (most - (*p - '0')) / 10) {
            return NULL;
        }

        n = n * 10 + (*p - '0');
    }

    if (p == first || (*first == '0' && p - first > 1)) {
        return NULL;
    }

    *value = n;

    return p;
}
