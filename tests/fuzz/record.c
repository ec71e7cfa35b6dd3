
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Records: what nginx reads of a value is what paylock-admin reads of it as
 * JSON, and what it reads of the same value as paylock-admin would write it
 * again.
 */


#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_record.h"


/* As nginx reads it; 0 if it is none. */

static int
parse(const char *value, size_t len, paylock_record_t *rec)
{
    const char  *why;

    memset(rec, 0xa5, sizeof(paylock_record_t));
    why = paylock_record_parse(value, len, rec);

    if (why) {
        if (*why == '\0') {
            abort();
        }

        return 0;
    }

    if ((rec->set & ~((1u << PAYLOCK_TIMES) - 1))
        || (rec->ref_len && !paylock_ref_check(rec->ref, rec->ref_len)))
    {
        abort();
    }

    return 1;
}


/* The same value, as it would be written; NULL if it is none. */

static char *
written(const char *value, size_t len, const paylock_record_t *rec)
{
    char              *text;
    json_t            *record;
    const char        *why;
    paylock_record_t   other;

    record = paylock_record_load(value, len, &why);

    if ((record == NULL) == (why == NULL)) {
        abort();
    }

    if (record == NULL) {
        return NULL;
    }

    if (paylock_record_from_json(record, &other) != NULL
        || memcmp(rec, &other, sizeof(other)) != 0)
    {
        abort();
    }

    text = paylock_record_dump(record);
    json_decref(record);

    if (text == NULL) {
        abort();
    }

    return text;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                good;
    char              *value, *text, *again;
    paylock_record_t   rec, other;

    /* space around a value means nothing */

    value = malloc(size + 3);
    if (value == NULL) {
        return 0;
    }

    value[0] = ' ';
    value[size + 1] = '\n';
    value[size + 2] = '\t';
    memcpy(value + 1, data, size);

    good = parse(value + 1, size, &rec);

    if (parse(value, size + 3, &other) != good
        || (good && memcmp(&rec, &other, sizeof(rec)) != 0))
    {
        abort();
    }

    text = written(value + 1, size, &rec);

    if ((text != NULL) != good) {
        abort();
    }

    if (text) {
        if (!parse(text, strlen(text), &other)
            || memcmp(&rec, &other, sizeof(rec)) != 0)
        {
            abort();
        }

        again = written(text, strlen(text), &other);

        if (again == NULL || strcmp(text, again) != 0) {
            abort();
        }

        free(again);
        free(text);
    }

    free(value);

    return 0;
}
