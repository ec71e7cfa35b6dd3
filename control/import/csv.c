
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "import/csv.h"


static const char *csv_plain(csv_t *c, paylock_str_t *field);
static const char *csv_quoted(csv_t *c, paylock_str_t *field);
static int csv_line_end(csv_t *c);


const char *
csv_next(csv_t *c, paylock_str_t field[CSV_FIELDS], size_t *n)
{
    const char     *why;
    paylock_str_t  *f;

    for (*n = 0; *n < CSV_FIELDS; /* void */ ) {
        f = &field[(*n)++];

        why = c->p < c->end && *c->p == '"' ? csv_quoted(c, f)
                                            : csv_plain(c, f);
        if (why) {
            break;
        }

        if (csv_line_end(c)) {
            return NULL;
        }

        c->p++;
    }

    if (why == NULL) {
        why = "has too many fields";
    }

    c->p = memchr(c->p, '\n', (size_t) (c->end - c->p));

    if (c->p == NULL) {
        c->p = c->end;

    } else {
        c->p++;
        c->line++;
    }

    return why;
}


/* Reads up to a comma or the end of the line, and stops before it. */

static const char *
csv_plain(csv_t *c, paylock_str_t *field)
{
    field->data = c->p;

    for ( /* void */ ; c->p < c->end && *c->p != ',' && *c->p != '\n'; c->p++)
    {
        if (*c->p == '"') {
            return "has a quote in a field that does not begin with one";
        }

        if (*c->p == '\r') {
            break;
        }
    }

    field->len = (size_t) (c->p - field->data);

    return c->p < c->end && *c->p == '\r' && !(c->p + 1 < c->end
                                               && c->p[1] == '\n')
           ? "has a carriage return that ends no line" : NULL;
}


/* Reads a quoted field, in place: "" becomes one quote. */

static const char *
csv_quoted(csv_t *c, paylock_str_t *field)
{
    int    closed;
    char  *to;

    to = ++c->p;
    closed = 0;
    field->data = to;

    for ( /* void */ ; c->p < c->end; c->p++) {

        if (*c->p == '"') {
            c->p++;

            if (c->p == c->end || *c->p != '"') {
                closed = 1;
                break;
            }

        } else if (*c->p == '\n') {
            c->line++;
        }

        *to++ = *c->p;
    }

    if (!closed) {
        return "begins a quoted field that does not end";
    }

    field->len = (size_t) (to - field->data);

    return c->p == c->end || *c->p == ',' || *c->p == '\n'
           || (*c->p == '\r' && c->p + 1 < c->end && c->p[1] == '\n')
           ? NULL : "has text after a closing quote";
}


/* Skips the end of a line; returns 1 if there was one. */

static int
csv_line_end(csv_t *c)
{
    if (c->p < c->end && *c->p == ',') {
        return 0;
    }

    if (c->p < c->end && *c->p == '\r') {
        c->p++;
    }

    if (c->p < c->end) {
        c->p++;
        c->line++;
    }

    return 1;
}
