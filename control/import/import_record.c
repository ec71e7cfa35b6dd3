
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "paylock_utf8.h"
#include "base/time_text.h"
#include "import/import_record.h"
#include "records/host_name.h"


#define IMPORT_TIME   64               /* bytes; times are shorter */
#define IMPORT_TIMES  "give Unix seconds, or RFC 3339: 2026-11-01T08:00:00Z"


static int import_record_host(const paylock_str_t *s, char **host,
    error_info_t  *error);
static int import_record_times(change_import_t *d, const import_row_t *row,
    error_info_t  *error);
static const char *import_record_time(const paylock_str_t *s, uint32_t *when);
static int import_record_order(const change_import_t *d, error_info_t *error);
static int import_record_texts(change_import_t *d, const import_row_t *row,
    error_info_t  *error);
static int import_record_text(const paylock_str_t *s,
    const paylock_field_t  *field, char **text, error_info_t *error);
static int import_record_line(error_info_t *error, size_t line);


int
import_record_read(change_import_t *d, char **host, const import_row_t *row,
    error_info_t *error)
{
    int  status;

    *host = NULL;
    memset(d, 0, sizeof(change_import_t));
    d->line = row->line;

    if (row->why) {
        return error_set(error, STATUS_USAGE, "line", NULL, "line %zu %s",
                         row->line, row->why);
    }

    status = import_record_host(&row->value[IMPORT_ROW_HOST], host, error);

    if (status == STATUS_DONE) {
        status = import_record_times(d, row, error);
    }

    if (status == STATUS_DONE) {
        status = import_record_texts(d, row, error);
    }

    if (status == STATUS_DONE) {
        return STATUS_DONE;
    }

    free(*host);
    import_record_free(d);

    return import_record_line(error, row->line);
}


void
import_record_free(change_import_t *d)
{
    size_t  i;

    for (i = 0; i < PAYLOCK_CASE_END - PAYLOCK_CASE_FIRST; i++) {
        free(d->text[i]);
    }

    free(d->ref);
}


static int
import_record_host(const paylock_str_t *s, char **host, error_info_t *error)
{
    int    status;
    char  *text;

    if (!paylock_utf8_check(s->data, s->len)) {
        return error_set(error, STATUS_USAGE, "host", "give it in UTF-8",
                         "the host is no text");
    }

    text = strndup(s->len ? s->data : "", s->len);

    if (text == NULL) {
        return error_no_memory(error);
    }

    status = host_name_read(error, text, host);

    if (status != STATUS_DONE) {
        *host = NULL;
    }

    free(text);

    return status;
}


static int
import_record_times(change_import_t *d, const import_row_t *row,
    error_info_t *error)
{
    const char           *why;
    paylock_time_e        t;
    const paylock_str_t  *s;

    for (t = PAYLOCK_OPEN_AT; t <= PAYLOCK_LOCK_AT; t++) {
        s = &row->value[IMPORT_ROW_FIELD(t)];

        if (s->len == 0) {
            continue;
        }

        why = import_record_time(s, &d->time[t]);

        if (why) {
            return error_set(error, STATUS_USAGE, "time", IMPORT_TIMES,
                             "\"%.*s\" of %s %s",
                             (int) (s->len < 100 ? s->len : 100), s->data,
                             paylock_time_names[t], why);
        }

        d->set |= 1u << t;
    }

    return import_record_order(d, error);
}


/*
 * Parses a time that is the same whenever and wherever it is read: not "now",
 * and not a day, which depends on the time zone.
 */

static const char *
import_record_time(const paylock_str_t *s, uint32_t *when)
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
import_record_order(const change_import_t *d, error_info_t *error)
{
    uint32_t        last;
    paylock_time_e  t;

    if (d->set == 0) {
        return error_set(error, STATUS_USAGE, "time",
                         "give open_at to open it; \"paylock-admin reset\" "
                         "removes records",
                         "there is no time, so that the record would say "
                         "nothing");
    }

    last = 0;

    for (t = PAYLOCK_NOTICE_AT; t <= PAYLOCK_LOCK_AT; t++) {

        if (!import_has(d, t)) {
            continue;
        }

        if (d->time[t] < last) {
            return error_set(error, STATUS_USAGE, "time", "the order is "
                             "notice_at, readonly_at, lock_at",
                             "%s is earlier than what comes before it",
                             paylock_time_names[t]);
        }

        last = d->time[t];
    }

    return STATUS_DONE;
}


static int
import_record_texts(change_import_t *d, const import_row_t *row,
    error_info_t *error)
{
    int                     status;
    char                  **text;
    size_t                  i;
    const paylock_field_t  *field;

    i = PAYLOCK_RECORD_REF;
    status = import_record_text(&row->value[IMPORT_ROW_FIELD(i)],
                                paylock_record_fields[i], &d->ref, error);

    for (i = PAYLOCK_RECORD_REASON; i < PAYLOCK_RECORD_ACTOR; i++) {

        if (status != STATUS_DONE) {
            return status;
        }

        field = paylock_record_fields[i];
        text = &d->text[field->entry - PAYLOCK_CASE_FIRST];
        status = import_record_text(&row->value[IMPORT_ROW_FIELD(i)], field,
                                    text, error);
    }

    return status;
}


static int
import_record_text(const paylock_str_t *s, const paylock_field_t *field,
    char **text, error_info_t *error)
{
    char         mend[64];
    const char  *why;

    if (s->len == 0) {
        return STATUS_DONE;
    }

    if (field->type == PAYLOCK_FIELD_REF
        && !paylock_ref_check(s->data, s->len))
    {
        return error_set(error, STATUS_USAGE, "ref",
                         "give 1 to 16 of A-Z, a-z, 0-9, \".\", \"_\" and "
                         "\"-\"",
                         "the ref is no reference");
    }

    why = text_check(s->data, s->len, field->limit);

    if (why) {
        (void) snprintf(mend, sizeof(mend), "give one line of UTF-8 text of "
                        "at most %zu bytes", field->limit);
        return error_set(error, STATUS_USAGE, "text", mend, "the %s %s",
                         field->name, why);
    }

    *text = strndup(s->data, s->len);

    return *text ? STATUS_DONE : error_no_memory(error);
}


/* Puts the line number in front of the message. */

static int
import_record_line(error_info_t *error, size_t line)
{
    char  what[sizeof(error->message)];

    memcpy(what, error->message, sizeof(what));

    if (error->status == STATUS_USAGE) {
        (void) snprintf(error->message, sizeof(error->message),
                        "line %zu: %.2000s", line, what);
    }

    return error->status;
}
