
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time_text.h"
#include "change/change_ops.h"
#include "import/import_record.h"
#include "records/host_name.h"


#define IMPORT_TIME   64               /* bytes; a time has less */
#define IMPORT_TIMES  "give Unix seconds, or RFC 3339: 2026-11-01T08:00:00Z"


static int import_host(const paylock_str_t *s, char **host, error_info_t *p);
static int import_times(change_import_t *d, const import_row_t *row,
    error_info_t *p);
static const char *import_time(const paylock_str_t *s, uint32_t *when);
static int import_order(const change_import_t *d, error_info_t *p);
static int import_texts(change_import_t *d, const import_row_t *row,
    error_info_t *p);
static int import_text(const import_row_t *row, import_column_e column,
    size_t max, char  **text, error_info_t *p);
static int import_line(error_info_t *p, size_t line);


static const struct {
    import_column_e  column;
    paylock_time_e   time;
} import_columns[] = {
    { ROW_LOCK_AT, PAYLOCK_LOCK_AT },
    { ROW_OPEN_AT, PAYLOCK_OPEN_AT },
    { ROW_NOTICE_AT, PAYLOCK_NOTICE_AT },
    { ROW_READONLY_AT, PAYLOCK_READONLY_AT }
};

#define IMPORT_COLUMNS  (sizeof(import_columns) / sizeof(import_columns[0]))


int
import_record_read(change_import_t *d, char **host, const import_row_t *row,
                   error_info_t *p)
{
    int  status;

    *host = NULL;
    memset(d, 0, sizeof(change_import_t));
    d->line = row->line;

    if (row->why) {
        return error_set(p, STATUS_USAGE, "line", NULL, "line %zu %s",
                         row->line, row->why);
    }

    status = import_host(&row->value[ROW_HOST], host, p);

    if (status == STATUS_DONE) {
        status = import_times(d, row, p);
    }

    if (status == STATUS_DONE) {
        status = import_texts(d, row, p);
    }

    if (status == STATUS_DONE) {
        return STATUS_DONE;
    }

    free(*host);
    import_record_free(d);

    return import_line(p, row->line);
}


void
import_record_free(change_import_t *d)
{
    free(d->reason);
    free(d->invoice);
    free(d->ref);
}


static int
import_host(const paylock_str_t *s, char **host, error_info_t *p)
{
    int    status;
    char  *text;

    if (s->len && (memchr(s->data, '\0', s->len)
                   || !text_is_utf8(s->data, s->len)))
    {
        return error_set(p, STATUS_USAGE, "host", "give it in UTF-8",
                         "the host is no text");
    }

    text = strndup(s->len ? s->data : "", s->len);

    if (text == NULL) {
        return error_no_memory(p);
    }

    status = name_read(p, text, host);

    if (status != STATUS_DONE) {
        *host = NULL;
    }

    free(text);

    return status;
}


static int
import_times(change_import_t *d, const import_row_t *row, error_info_t *p)
{
    size_t                i;
    const char           *why;
    paylock_time_e        t;
    const paylock_str_t  *s;

    for (i = 0; i < IMPORT_COLUMNS; i++) {
        s = &row->value[import_columns[i].column];
        t = import_columns[i].time;

        if (s->len == 0) {
            continue;
        }

        why = import_time(s, &d->time[t]);

        if (why) {
            return error_set(p, STATUS_USAGE, "time", IMPORT_TIMES,
                             "\"%.*s\" of %s %s",
                             (int) (s->len < 100 ? s->len : 100), s->data,
                             import_row_names[import_columns[i].column], why);
        }

        d->set |= 1u << t;
    }

    return import_order(d, p);
}


/*
 * The same whenever and wherever it is read: neither "now" nor a day, which
 * begins at another time elsewhere.
 */

static const char *
import_time(const paylock_str_t *s, uint32_t *when)
{
    char    text[IMPORT_TIME];
    size_t  i;

    if (s->len >= IMPORT_TIME - 1 || memchr(s->data, '\0', s->len)) {
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

    return time_parse(text, 0, when);
}


static int
import_order(const change_import_t *d, error_info_t *p)
{
    uint32_t        last;
    paylock_time_e  t;

    if (d->set == 0) {
        return error_set(p, STATUS_USAGE, "time", "give open_at to open it; "
                         "\"paylock-admin reset\" removes records",
                         "there is no time, so that the record would say "
                         "nothing");
    }

    last = 0;

    for (t = PAYLOCK_NOTICE_AT; t <= PAYLOCK_LOCK_AT; t++) {

        if (!import_has(d, t)) {
            continue;
        }

        if (d->time[t] < last) {
            return error_set(p, STATUS_USAGE, "time", "the order is "
                             "notice_at, readonly_at, lock_at",
                             "%s is earlier than what comes before it",
                             paylock_time_names[t]);
        }

        last = d->time[t];
    }

    return STATUS_DONE;
}


static int
import_texts(change_import_t *d, const import_row_t *row, error_info_t *p)
{
    const paylock_str_t  *ref;

    ref = &row->value[ROW_REF];

    if (ref->len && !paylock_ref_check(ref->data, ref->len)) {
        return error_set(p, STATUS_USAGE, "ref", "give 1 to 16 of A-Z, a-z, "
                         "0-9, \".\", \"_\" and \"-\"",
                         "the ref is no reference");
    }

    if (import_text(row, ROW_REASON, CHANGE_REASON_MAX, &d->reason, p)
        != STATUS_DONE
        || import_text(row, ROW_INVOICE, CHANGE_INVOICE_MAX, &d->invoice, p)
           != STATUS_DONE
        || import_text(row, ROW_REF, PAYLOCK_REF_MAX, &d->ref, p)
           != STATUS_DONE)
    {
        return p->status;
    }

    return STATUS_DONE;
}


static int
import_text(const import_row_t *row, import_column_e column, size_t max,
            char **text,
    error_info_t *p)
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
        return error_set(p, STATUS_USAGE, "text", mend, "the %s %s",
                         import_row_names[column], why);
    }

    *text = strndup(s->data, s->len);

    return *text ? STATUS_DONE : error_no_memory(p);
}


/* Names the line before what is wrong with it. */

static int
import_line(error_info_t *p, size_t line)
{
    char  what[sizeof(p->message)];

    memcpy(what, p->message, sizeof(what));

    if (p->status == STATUS_USAGE) {
        (void) snprintf(p->message, sizeof(p->message), "line %zu: %.2000s",
                        line, what);
    }

    return p->status;
}
