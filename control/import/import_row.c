
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "import/import_row.h"


#define IMPORT_ROW_LINE  65536         /* bytes of a row, at most */


static const char *import_rows_header(import_rows_t *r);
static const char *import_rows_csv(import_rows_t *r, import_row_t *row);
static const char *import_rows_json(import_rows_t *r, import_row_t *row);
static const char *import_rows_member(import_rows_t *r, import_row_t *row,
    const char *name, const json_t *value);
static const char *import_rows_json_error(import_rows_t *r,
    const json_error_t *error);
static int import_rows_column(const char *name, size_t len);
static const char *import_rows_unknown(import_rows_t *r, const char *name,
    size_t len);
static void import_rows_skip_blank(import_rows_t *r);


/* A text that begins with a brace is JSON: no CSV header begins so. */

const char *
import_rows_begin(import_rows_t *r, char *text, size_t len)
{
    memset(r, 0, sizeof(import_rows_t));

    r->csv.p = text;
    r->csv.end = text + len;
    r->csv.line = 1;
    r->first = 1;

    if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0
                     || memcmp(text, "\xfe\xff", 2) == 0))
    {
        return "is in UTF-16, not in UTF-8";
    }

    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        r->csv.p += 3;
    }

    import_rows_skip_blank(r);
    r->first = r->csv.line;

    if (r->csv.p == r->csv.end) {
        return "is empty, and so is what follows";
    }

    r->json = *r->csv.p == '{';

    return r->json ? NULL : import_rows_header(r);
}


int
import_rows_next(import_rows_t *r, import_row_t *row)
{
    char  *begin;

    json_decref(r->object);
    r->object = NULL;
    memset(row, 0, sizeof(import_row_t));

    import_rows_skip_blank(r);

    if (r->csv.p == r->csv.end) {
        return 0;
    }

    begin = r->csv.p;
    row->line = r->csv.line;
    row->why = r->json ? import_rows_json(r, row) : import_rows_csv(r, row);

    if (row->why == NULL && r->csv.p - begin > IMPORT_ROW_LINE) {
        row->why = "is longer than 65536 bytes";
    }

    return 1;
}


void
import_rows_end(import_rows_t *r)
{
    json_decref(r->object);
    r->object = NULL;
}


static const char *
import_rows_header(import_rows_t *r)
{
    int             column;
    size_t          i, n;
    unsigned        seen;
    const char     *why;
    paylock_str_t   field[CSV_FIELDS];

    why = csv_next(&r->csv, field, &n);
    seen = 0;

    for (i = 0; i < n && why == NULL; i++) {
        column = import_rows_column(field[i].data, field[i].len);

        if (column == -1) {
            why = import_rows_unknown(r, field[i].data, field[i].len);

        } else if (seen & 1u << column) {
            why = "names a column twice";

        } else {
            seen |= 1u << column;
            r->column[r->columns++] = (size_t) column;
        }
    }

    if (why == NULL && (seen & 1u << IMPORT_ROW_HOST) == 0) {
        return "names no column \"host\"";
    }

    return why;
}


static const char *
import_rows_csv(import_rows_t *r, import_row_t *row)
{
    size_t          i, n;
    const char     *why;
    paylock_str_t   field[CSV_FIELDS];

    why = csv_next(&r->csv, field, &n);

    if (why) {
        return why;
    }

    if (n != r->columns) {
        (void) snprintf(r->text, sizeof(r->text), "has %zu fields, where the "
                        "header has %zu", n, r->columns);
        return r->text;
    }

    for (i = 0; i < n; i++) {
        row->value[r->column[i]] = field[i];
    }

    return NULL;
}


static const char *
import_rows_json(import_rows_t *r, import_row_t *row)
{
    char          *p, *lf;
    size_t         len;
    json_t        *value;
    const char    *name, *why;
    json_error_t   error;

    p = r->csv.p;
    lf = memchr(p, '\n', (size_t) (r->csv.end - p));
    len = (size_t) ((lf ? lf : r->csv.end) - p);

    r->csv.p = lf ? lf + 1 : r->csv.end;
    r->csv.line += lf != NULL;

    if (len > IMPORT_ROW_LINE) {
        return "is longer than 65536 bytes";
    }

    r->object = json_loadb(p, len, JSON_REJECT_DUPLICATES, &error);

    if (r->object == NULL) {
        return import_rows_json_error(r, &error);
    }

    if (!json_is_object(r->object)) {
        return "is no JSON object";
    }

    json_object_foreach(r->object, name, value) {
        why = import_rows_member(r, row, name, value);

        if (why) {
            return why;
        }
    }

    return NULL;
}


/* A time is a number or a string, all else a string; null: not given. */

static const char *
import_rows_member(import_rows_t *r, import_row_t *row, const char *name,
    const json_t *value)
{
    int  column;

    column = import_rows_column(name, strlen(name));

    if (column == -1) {
        return import_rows_unknown(r, name, strlen(name));
    }

    if (json_is_string(value)) {
        row->value[column].data = json_string_value(value);
        row->value[column].len = json_string_length(value);

    } else if (json_is_integer(value) && column != IMPORT_ROW_HOST
               && paylock_record_fields[column - IMPORT_ROW_FIELD(0)]->type
                  == PAYLOCK_FIELD_TIME)
    {
        row->value[column].data = r->number[column];
        row->value[column].len = (size_t)
                snprintf(r->number[column], IMPORT_ROW_NUMBER, "%lld",
                         (long long) json_integer_value(value));

    } else if (!json_is_null(value)) {
        (void) snprintf(r->text, sizeof(r->text), "has a \"%s\" of a wrong "
                        "type", name);
        return r->text;
    }

    return NULL;
}


static const char *
import_rows_json_error(import_rows_t *r, const json_error_t *error)
{
    switch (json_error_code(error)) {

    case json_error_duplicate_key:
        return "has a member twice";

    case json_error_invalid_utf8:
        return "is not in UTF-8";

    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "has a NUL in a string";

    default:
        (void) snprintf(r->text, sizeof(r->text), "is not JSON from its byte "
                        "%d on", error->position > 0 ? error->position : 1);
        return r->text;
    }
}


/* Finds a column by its name; -1: there is none. */

static int
import_rows_column(const char *name, size_t len)
{
    int                     i;
    const paylock_field_t  *field;

    if (len == sizeof("host") - 1 && memcmp(name, "host", len) == 0) {
        return IMPORT_ROW_HOST;
    }

    for (i = 0; i < PAYLOCK_RECORD_FIELDS; i++) {
        field = paylock_record_fields[i];

        if (field->flags & PAYLOCK_FIELD_IMPORT && field->len == len
            && memcmp(field->name, name, len) == 0)
        {
            return IMPORT_ROW_FIELD(i);
        }
    }

    return -1;
}


static const char *
import_rows_unknown(import_rows_t *r, const char *name, size_t len)
{
    (void) snprintf(r->text, sizeof(r->text), "has the unknown name \"%.*s\"",
                    (int) (len < 64 ? len : 64), name);
    return r->text;
}


/* Skips empty lines. */

static void
import_rows_skip_blank(import_rows_t *r)
{
    csv_t  *c;

    c = &r->csv;

    while (c->p < c->end) {

        if (*c->p == '\n') {
            c->p++;

        } else if (*c->p == '\r' && c->p + 1 < c->end && c->p[1] == '\n') {
            c->p += 2;

        } else {
            return;
        }

        c->line++;
    }
}
