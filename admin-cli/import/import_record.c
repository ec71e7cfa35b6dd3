
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "change/change_ops.h"
#include "import/import_record.h"
#include "name.h"
#include "text.h"
#include "time_text.h"


#define DESIRE_TIME   64               /* bytes; a time has less */
#define DESIRE_TIMES  "give Unix seconds, or RFC 3339: 2026-11-01T08:00:00Z"


static int desire_host(const paylock_str_t *s, char **host, problem_t *p);
static int desire_times(desire_t *d, const row_t *row, problem_t *p);
static const char *desire_time(const paylock_str_t *s, uint32_t *when);
static int desire_order(const desire_t *d, problem_t *p);
static int desire_texts(desire_t *d, const row_t *row, problem_t *p);
static int desire_text(const row_t *row, row_column_e column, size_t max,
    char **text, problem_t *p);
static int desire_line(problem_t *p, size_t line);


static const struct {
    row_column_e    column;
    paylock_time_e  time;
} desire_columns[] = {
    { ROW_LOCK_AT, PAYLOCK_LOCK_AT },
    { ROW_OPEN_AT, PAYLOCK_OPEN_AT },
    { ROW_NOTICE_AT, PAYLOCK_NOTICE_AT },
    { ROW_READONLY_AT, PAYLOCK_READONLY_AT }
};

#define DESIRE_COLUMNS  (sizeof(desire_columns) / sizeof(desire_columns[0]))


int
desire_read(desire_t *d, char **host, const row_t *row, problem_t *p)
{
    int  status;

    *host = NULL;
    memset(d, 0, sizeof(desire_t));
    d->line = row->line;

    if (row->why) {
        return problem_set(p, STATUS_USAGE, "line", NULL, "line %zu %s",
                           row->line, row->why);
    }

    status = desire_host(&row->value[ROW_HOST], host, p);

    if (status == STATUS_DONE) {
        status = desire_times(d, row, p);
    }

    if (status == STATUS_DONE) {
        status = desire_texts(d, row, p);
    }

    if (status == STATUS_DONE) {
        return STATUS_DONE;
    }

    free(*host);
    desire_free(d);

    return desire_line(p, row->line);
}


void
desire_free(desire_t *d)
{
    free(d->reason);
    free(d->invoice);
    free(d->ref);
}


static int
desire_host(const paylock_str_t *s, char **host, problem_t *p)
{
    int    status;
    char  *text;

    if (s->len && (memchr(s->data, '\0', s->len)
                   || !text_is_utf8(s->data, s->len)))
    {
        return problem_set(p, STATUS_USAGE, "host", "give it in UTF-8",
                           "the host is no text");
    }

    text = strndup(s->len ? s->data : "", s->len);

    if (text == NULL) {
        return problem_memory(p);
    }

    status = name_read(p, text, host);

    if (status != STATUS_DONE) {
        *host = NULL;
    }

    free(text);

    return status;
}


static int
desire_times(desire_t *d, const row_t *row, problem_t *p)
{
    size_t                i;
    const char           *why;
    paylock_time_e        t;
    const paylock_str_t  *s;

    for (i = 0; i < DESIRE_COLUMNS; i++) {
        s = &row->value[desire_columns[i].column];
        t = desire_columns[i].time;

        if (s->len == 0) {
            continue;
        }

        why = desire_time(s, &d->time[t]);

        if (why) {
            return problem_set(p, STATUS_USAGE, "time", DESIRE_TIMES,
                               "\"%.*s\" of %s %s",
                               (int) (s->len < 100 ? s->len : 100), s->data,
                               row_names[desire_columns[i].column], why);
        }

        d->set |= 1u << t;
    }

    return desire_order(d, p);
}


/*
 * The same whenever and wherever it is read: neither "now" nor a day, which
 * begins at another time elsewhere.
 */

static const char *
desire_time(const paylock_str_t *s, uint32_t *when)
{
    char    text[DESIRE_TIME];
    size_t  i;

    if (s->len >= DESIRE_TIME - 1 || memchr(s->data, '\0', s->len)) {
        return "is not a time";
    }

    for (i = 0; i < s->len && isdigit((unsigned char) s->data[i]); i++) {
        /* void */
    }

    if (i != s->len && (i != 4 || s->len <= sizeof("2026-11-01") - 1)) {
        return "is not a time";
    }

    (void) snprintf(text, sizeof(text), "%s%.*s", i == s->len ? "@" : "",
                    (int) s->len, s->data);

    return when_parse(text, 0, when);
}


static int
desire_order(const desire_t *d, problem_t *p)
{
    uint32_t        last;
    paylock_time_e  t;

    if (d->set == 0) {
        return problem_set(p, STATUS_USAGE, "time", "give open_at to open it; "
                           "\"paylock-admin reset\" removes records",
                           "there is no time, so that the record would say "
                           "nothing");
    }

    last = 0;

    for (t = PAYLOCK_NOTICE_AT; t <= PAYLOCK_LOCK_AT; t++) {

        if (!desire_has(d, t)) {
            continue;
        }

        if (d->time[t] < last) {
            return problem_set(p, STATUS_USAGE, "time", "the order is "
                               "notice_at, readonly_at, lock_at",
                               "%s is earlier than what comes before it",
                               paylock_time_names[t]);
        }

        last = d->time[t];
    }

    return STATUS_DONE;
}


static int
desire_texts(desire_t *d, const row_t *row, problem_t *p)
{
    const paylock_str_t  *ref;

    ref = &row->value[ROW_REF];

    if (ref->len && !paylock_ref_check(ref->data, ref->len)) {
        return problem_set(p, STATUS_USAGE, "ref", "give 1 to 16 of A-Z, a-z, "
                           "0-9, \".\", \"_\" and \"-\"",
                           "the ref is no reference");
    }

    if (desire_text(row, ROW_REASON, CHANGE_REASON, &d->reason, p)
        != STATUS_DONE
        || desire_text(row, ROW_INVOICE, CHANGE_INVOICE, &d->invoice, p)
           != STATUS_DONE
        || desire_text(row, ROW_REF, PAYLOCK_REF_MAX, &d->ref, p)
           != STATUS_DONE)
    {
        return p->status;
    }

    return STATUS_DONE;
}


static int
desire_text(const row_t *row, row_column_e column, size_t max, char **text,
    problem_t *p)
{
    char                  mend[64];
    const char           *why;
    const paylock_str_t  *s;

    s = &row->value[column];

    if (s->len == 0) {
        return STATUS_DONE;
    }

    why = text_check(s->data, s->len, max);

    if (why) {
        (void) snprintf(mend, sizeof(mend), "give one line of UTF-8 text of "
                        "at most %zu bytes", max);
        return problem_set(p, STATUS_USAGE, "text", mend, "the %s %s",
                           row_names[column], why);
    }

    *text = strndup(s->data, s->len);

    return *text ? STATUS_DONE : problem_memory(p);
}


/* Names the line before what is wrong with it. */

static int
desire_line(problem_t *p, size_t line)
{
    char  what[sizeof(p->message)];

    memcpy(what, p->message, sizeof(what));

    if (p->status == STATUS_USAGE) {
        (void) snprintf(p->message, sizeof(p->message), "line %zu: %.2000s",
                        line, what);
    }

    return p->status;
}
