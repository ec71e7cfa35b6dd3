
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "name.h"
#include "output.h"
#include "text.h"
#include "trail.h"
#include "when.h"


typedef struct {
    admin_t     *admin;
    const char  *host;                 /* NULL: all */
    int          status;
} log_t;


static int log_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static json_t *log_json(const paylock_entry_t *e);
static void log_print(const paylock_entry_t *e);
static void log_print_field(const paylock_entry_t *e,
    paylock_audit_field_e field, const char *before);


int
cmd_audit_log(admin_t *a)
{
    int      status;
    char   **name;
    log_t    log;
    size_t   n;

    status = names_read(a, &name, &n);

    if (status != STATUS_DONE) {
        return status;
    }

    log.admin = a;
    log.host = n ? name[0] : NULL;
    log.status = STATUS_DONE;

    status = settings_load(a);

    if (status == STATUS_DONE) {
        a->link = link_open(&a->settings, &a->problem);
        status = a->link ? trail_forwards(a, log_entry, &log)
                         : a->problem.status;
    }

    names_free(name, n);

    return status == STATUS_DONE ? log.status : status;
}


static int
log_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    log_t                *log;
    const paylock_str_t  *host;

    log = data;
    host = &e->field[PAYLOCK_AUDIT_HOST];

    if (why) {
        admin_warn(log->admin, "entry", "", NULL,
                   "\"%.50s\" in the audit trail is no entry: it %s", id, why);
        return 1;
    }

    if (log->host && (host->len != strlen(log->host)
                      || memcmp(host->data, log->host, host->len) != 0))
    {
        return 1;
    }

    if (output_text(log->admin)) {
        log_print(e);

    } else if (output_wants_json(log->admin)) {
        log->status = output_json(log->admin, log_json(e));
    }

    /* there is no use in reading on for a reader who has left */

    return log->status == STATUS_DONE && !ferror(stdout);
}


static json_t *
log_json(const paylock_entry_t *e)
{
    size_t                i;
    json_t               *o;
    const paylock_str_t  *field;

    o = json_pack("{s:I}", "seq", (json_int_t) e->seq);

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        field = &e->field[i];

        (void) json_object_set_new(o, paylock_audit_names[i],
                                   field->len
                                   ? text_json(field->data, field->len)
                                   : json_string(""));
    }

    return o;
}


static void
log_print(const paylock_entry_t *e)
{
    char                  when[WHEN_MAX];
    uint64_t              ms;
    const paylock_str_t  *after;

    ms = strtoull(e->field[PAYLOCK_AUDIT_TIME].data, NULL, 10);
    when_local(ms / 1000 < UINT32_MAX ? (uint32_t) (ms / 1000) : UINT32_MAX,
               when);

    (void) printf("%" PRIu64 " %s ", e->seq, when);

    log_print_field(e, PAYLOCK_AUDIT_ACTOR, "");
    log_print_field(e, PAYLOCK_AUDIT_MACHINE, "@");
    log_print_field(e, PAYLOCK_AUDIT_ACTION, " ");
    log_print_field(e, PAYLOCK_AUDIT_HOST, " ");
    log_print_field(e, PAYLOCK_AUDIT_REASON, ", reason ");
    log_print_field(e, PAYLOCK_AUDIT_INVOICE, ", invoice ");

    after = &e->field[PAYLOCK_AUDIT_AFTER];

    if (after->len) {
        (void) printf("\n    ");
        text_print(stdout, after->data, after->len);
    }

    (void) putchar('\n');
}


static void
log_print_field(const paylock_entry_t *e, paylock_audit_field_e field,
    const char *before)
{
    const paylock_str_t  *s;

    s = &e->field[field];

    if (s->len) {
        (void) fputs(before, stdout);
        text_print(stdout, s->data, s->len);
    }
}
