
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/time_text.h"
#include "cli/output.h"
#include "cli/state_print.h"
#include "cli/table.h"
#include "commands.h"
#include "paylock_host.h"
#include "paylock_timeline.h"
#include "records/records.h"
#include "trail/health.h"
#include "trail/held.h"
#include "trail/trail.h"


#define LIST_COLUMNS  (5 + PAYLOCK_RECORD_FIELDS)
#define LIST_TITLE    24


typedef struct {
    admin_t  *admin;
    json_t   *records;
} list_t;


static int list_field(void *data, const paylock_str_t *host,
    const paylock_str_t *value);
static int list_print(admin_t *a, const json_t *records);
static size_t list_select(const admin_t *a, const json_t *records,
    uint32_t now, const char **hosts);
static int list_hosts(admin_t *a, const json_t *records, uint32_t now,
    const char **hosts, size_t n);
static size_t list_columns(column_t column[LIST_COLUMNS],
    char title[LIST_COLUMNS][LIST_TITLE]);
static int list_row(table_t *c, const state_host_t *h, uint32_t now);
static char *list_next(const effective_state_t *state, const json_t *record);
static int list_compare(const void *one, const void *two);


int
cmd_list(admin_t *a)
{
    int       status;
    list_t    list;
    uint64_t  n;

    list.admin = a;
    list.records = json_object();

    if (list.records == NULL) {
        return control_no_memory(a->ctl);
    }

    status = a->opt[OPT_HELD] ? held_read(a->ctl, list.records)
                              : records_scan(a->ctl, &n, list_field, &list);

    if (status == STATUS_DONE) {
        status = list_print(a, list.records);
    }

    if (status == STATUS_DONE) {
        health_warn(a->ctl);
    }

    json_decref(list.records);

    return status;
}


int
list_check(admin_t *a)
{
    size_t       i;
    const char  *stage;

    stage = a->opt[OPT_STAGE];

    if (stage == NULL || strcmp(stage, "default") == 0) {
        return STATUS_DONE;
    }

    for (i = PAYLOCK_OPEN; i <= PAYLOCK_LOCKED; i++) {
        if (strcmp(stage, paylock_stage_names[i]) == 0) {
            return STATUS_DONE;
        }
    }

    return error_set(&a->ctl->error, STATUS_USAGE, "stage",
                     "give open, notice, readonly, locked or default",
                     "there is no stage \"%.100s\"", stage);
}


static int
list_field(void *data, const paylock_str_t *host, const paylock_str_t *value)
{
    json_t      *record;
    admin_t     *a;
    const char  *why;

    a = ((list_t *) data)->admin;
    why = paylock_host_check(host->data, host->len);

    if (why) {
        control_warn(a->ctl, "host", "",
                     "remove it with HDEL, and lock the name in "
                     "the right form", "the field \"%.300s\" in Redis, which "
                     "nginx passes over, is no host name: it %s", host->data,
                     why);
        return STATUS_DONE;
    }

    record = paylock_record_load(value->data, value->len, &why);

    if (record == NULL) {
        control_warn(a->ctl, "record", host->data, "lock, unlock or reset it",
                     "the value of \"%s\" in Redis, which nginx passes over, "
                     "is no record: it %s", host->data, why);
        return STATUS_DONE;
    }

    (void) json_object_set_new(((list_t *) data)->records, host->data,
                               record);

    return STATUS_DONE;
}


static int
list_print(admin_t *a, const json_t *records)
{
    int           status;
    size_t        n;
    uint32_t      now;
    const char  **hosts;

    now = (uint32_t) time(NULL);
    hosts = malloc((json_object_size(records) + 1) * sizeof(char *));

    if (hosts == NULL) {
        return control_no_memory(a->ctl);
    }

    n = list_select(a, records, now, hosts);
    status = list_hosts(a, records, now, hosts, n);

    free(hosts);

    return status;
}


/* Selects and sorts the hosts; returns how many. */

static size_t
list_select(const admin_t *a, const json_t *records, uint32_t now,
    const char **hosts)
{
    size_t       n;
    json_t      *value;
    const char  *host, *ref, *found;

    n = 0;
    ref = a->opt[OPT_REF];

    json_object_foreach((json_t *) records, host, value) {
        found = json_string_value(json_object_get(value, "ref"));

        if ((a->opt[OPT_MATCH] && fnmatch(a->opt[OPT_MATCH], host, 0) != 0)
            || (ref && (found == NULL || strcmp(ref, found) != 0))
            || (a->opt[OPT_STAGE]
                && strcmp(a->opt[OPT_STAGE],
                          effective_state(value, NULL, now).stage) != 0))
        {
            continue;
        }

        hosts[n++] = host;
    }

    qsort(hosts, n, sizeof(char *), list_compare);

    return n;
}


static int
list_hosts(admin_t *a, const json_t *records, uint32_t now,
    const char **hosts, size_t n)
{
    char          title[LIST_COLUMNS][LIST_TITLE];
    int           status;
    size_t        i;
    table_t       c;
    column_t      column[LIST_COLUMNS];
    state_host_t  h;

    memset(&c, 0, sizeof(table_t));
    c.column = column;
    c.n = list_columns(column, title);

    status = STATUS_DONE;

    for (i = 0; i < n && status == STATUS_DONE; i++) {
        h.host = hosts[i];
        h.match = hosts[i];
        h.record = json_object_get(records, hosts[i]);
        h.other = NULL;

        if (output_is_text(a)) {
            status = list_row(&c, &h, now) == 0 ? STATUS_DONE
                                                : control_no_memory(a->ctl);

        } else if (output_is_json(a)) {
            status = output_print_json(a, effective_state_json(&h, now));
        }
    }

    if (status == STATUS_DONE) {
        table_print(&c, stdout, output_colours());
    }

    table_free(&c);

    return status;
}


/* Sets the columns; those of record fields are titled by their labels. */

static size_t
list_columns(column_t column[LIST_COLUMNS],
    char title[LIST_COLUMNS][LIST_TITLE])
{
    char                   *p;
    size_t                  i, n;
    const paylock_field_t  *field;

    n = 0;
    column[n++] = (column_t) { "HOST", 16, NULL };
    column[n++] = (column_t) { "STAGE", 0, state_colour };
    column[n++] = (column_t) { "NEXT", 0, NULL };
    column[n++] = (column_t) { "SINCE", 0, NULL };

    for (i = 0; i < PAYLOCK_RECORD_FIELDS; i++) {
        field = paylock_record_fields[i];

        if (!(field->flags & PAYLOCK_FIELD_LIST)) {
            continue;
        }

        (void) snprintf(title[n], LIST_TITLE, "%s", field->label);

        for (p = title[n]; *p; p++) {
            *p = (char) toupper((unsigned char) *p);
        }

        column[n] = (column_t) { title[n], i == PAYLOCK_RECORD_REASON ? 12 : 0,
                                 NULL };
        n++;
    }

    column[n++] = (column_t) { "ENTRY", 0, NULL };

    return n;
}


static int
list_row(table_t *c, const state_host_t *h, uint32_t now)
{
    char               text[TIME_TEXT];
    size_t             i;
    uint64_t           seq;
    effective_state_t  state;
    const json_t      *member;

    state = effective_state(h->record, NULL, now);
    text[0] = '\0';

    if (state.since) {
        time_local(state.since, text);
    }

    if (table_add(c, strdup(h->host)) != 0
        || table_add(c, strdup(state.stage)) != 0
        || table_add(c, list_next(&state, h->record)) != 0
        || table_add(c, strdup(text)) != 0)
    {
        return -1;
    }

    for (i = 0; i < PAYLOCK_RECORD_FIELDS; i++) {
        member = json_object_get(h->record, paylock_record_fields[i]->name);

        if (!(paylock_record_fields[i]->flags & PAYLOCK_FIELD_LIST)) {
            continue;
        }

        if (table_add(c, text_safe(json_string_value(member),
                                   json_string_length(member))) != 0)
        {
            return -1;
        }
    }

    text[0] = '\0';
    seq = paylock_record_entry(h->record);

    if (seq) {
        (void) snprintf(text, sizeof(text), "%" PRIu64, seq);
    }

    return table_add(c, strdup(text));
}


static char *
list_next(const effective_state_t *state, const json_t *record)
{
    char  when[TIME_TEXT], text[TIME_TEXT + 16];

    text[0] = '\0';

    if (state->next_stage) {
        time_local(state->next, when);
        (void) snprintf(text, sizeof(text), "%s %s", state->next_stage, when);

    } else if (paylock_record_protected(record)) {
        strcpy(text, "protected");
    }

    return strdup(text);
}


static int
list_compare(const void *one, const void *two)
{
    return strcmp(*(const char *const *) one, *(const char *const *) two);
}
