
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <string.h>

#include "base/text.h"
#include "base/time_text.h"
#include "change/pass_entry.h"
#include "change/pass_list.h"
#include "paylock_record.h"
#include "paylock_verify.h"
#include "records/host_name.h"
#include "trail/archived.h"
#include "trail/history.h"


typedef struct {
    control_t   *ctl;
    const char  *host;                 /* NULL: all */
    json_t      *passes;               /* as they are printed */
    json_t      *after;                /* host: "pass_after" of its record */
} pass_list_t;


static int pass_list_read(pass_list_t *p);
static int pass_list_host(control_t *ctl, pass_list_t *p, int *whole,
    int *earlier);
static int pass_list_record(control_t *ctl, pass_list_t *p, const char *host);
static int pass_list_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static void pass_list_issued(pass_list_t *p, const paylock_entry_t *e,
    const char *host);
static void pass_list_after(pass_list_t *p, const char *host,
    const paylock_str_t *record);
static int pass_list_judge(pass_list_t *p, json_t *pass, uint32_t now);


int
pass_list(control_t *ctl, const char *host, uint32_t now, json_t **passes)
{
    int          status;
    size_t       i;
    pass_list_t  p;

    p.ctl = ctl;
    p.host = host;
    p.passes = json_array();
    p.after = json_object();

    status = p.passes && p.after ? pass_list_read(&p) : control_no_memory(ctl);

    for (i = 0; status == STATUS_DONE && i < json_array_size(p.passes); i++) {
        status = pass_list_judge(&p, json_array_get(p.passes, i), now);
    }

    json_decref(p.after);

    if (status != STATUS_DONE) {
        json_decref(p.passes);
        p.passes = NULL;
    }

    *passes = p.passes;

    return status;
}


static int
pass_list_read(pass_list_t *p)
{
    int  status, whole, earlier;

    whole = 0;
    earlier = 1;
    status = p->host ? pass_list_host(p->ctl, p, &whole, &earlier)
                     : STATUS_DONE;

    if (status == STATUS_DONE && !whole) {
        status = trail_forwards(p->ctl, pass_list_entry, p);
    }

    return status == STATUS_DONE && (earlier || !whole)
           ? archived_warn(p->ctl, 0) : status;
}


/* The entries of one host, and the records that may hold for it. */

static int
pass_list_host(control_t *ctl, pass_list_t *p, int *whole, int *earlier)
{
    int     status;
    char  **name;
    size_t  i, n;

    status = history_each(ctl, NULL, p->host, UINT64_MAX, pass_list_entry, p,
                          whole, earlier);

    if (status != STATUS_DONE || !*whole
        || (status = host_name_candidates(ctl, p->host, &name, &n))
           != STATUS_DONE)
    {
        return status;
    }

    for (i = 0; i < n && status == STATUS_DONE; i++) {
        status = pass_list_record(ctl, p, name[i]);
    }

    host_names_free(name, n);

    return status;
}


static int
pass_list_record(control_t *ctl, pass_list_t *p, const char *host)
{
    redisReply     *reply;
    paylock_str_t   value;

    if (history_record(ctl, host, &reply) != STATUS_DONE) {
        return ctl->error.status;
    }

    value.data = reply->str;
    value.len = reply->type == REDIS_REPLY_STRING ? reply->len : 0;
    pass_list_after(p, host, &value);

    freeReplyObject(reply);

    return STATUS_DONE;
}


static int
pass_list_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    char          host[256];
    pass_list_t  *p;

    p = data;

    if (why) {
        control_warn(p->ctl, "entry", "", NULL,
                     "\"%.50s\" in the audit trail is no entry: it %s", id,
                     why);
        return 1;
    }

    if (!pass_entry_text(&e->field[PAYLOCK_AUDIT_HOST], host, sizeof(host))) {
        return 1;
    }

    if (paylock_verify_is(e, "pass-issue")) {
        pass_list_issued(p, e, host);

    } else if (paylock_entry_changes(e)) {
        pass_list_after(p, host, &e->field[PAYLOCK_AUDIT_AFTER]);
    }

    return 1;
}


static void
pass_list_issued(pass_list_t *p, const paylock_entry_t *e, const char *host)
{
    pass_entry_t          issued;
    const paylock_str_t  *actor, *reason;

    if ((p->host && strcmp(p->host, host) != 0) || !pass_entry_read(e,
                                                                    &issued)) {
        return;
    }

    actor = &e->field[PAYLOCK_AUDIT_ACTOR];
    reason = &e->field[PAYLOCK_AUDIT_REASON];

    (void) json_array_append_new(p->passes,
               json_pack("{s:s, s:n, s:I, s:I, s:s, s:o, s:o, s:I}",
                         "host", host, "state",
                         "issued", (json_int_t) issued.issued,
                         "expires", (json_int_t) issued.expires,
                         "kid", issued.kid,
                         "actor", text_json(actor->data, actor->len),
                         "reason", text_json(reason->data, reason->len),
                         "seq", (json_int_t) e->seq));
}


static void
pass_list_after(pass_list_t *p, const char *host, const paylock_str_t *record)
{
    paylock_record_t  rec;

    if (record->len
        && memmem(record->data, record->len, "pass_after", 10)
        && paylock_record_parse(record->data, record->len, &rec) == NULL
        && paylock_record_has(&rec, PAYLOCK_PASS_AFTER))
    {
        (void) json_object_set_new(p->after, host,
                                   json_integer(rec.time[PAYLOCK_PASS_AFTER]));
    } else {
        (void) json_object_del(p->after, host);
    }
}


/* Judges a pass as nginx does, by all records that concern the host. */

static int
pass_list_judge(pass_list_t *p, json_t *pass, uint32_t now)
{
    char       **name, from[TIME_TEXT], to[TIME_TEXT];
    size_t       i, n;
    uint32_t     issued, expires, after, one;
    const char  *state;

    if (host_name_candidates(p->ctl,
                             json_string_value(json_object_get(pass,
                                                                  "host")),
                             &name, &n)
        != STATUS_DONE)
    {
        return p->ctl->error.status;
    }

    for (i = 0, after = 0; i < n; i++) {
        one = (uint32_t) json_integer_value(json_object_get(p->after,
                                                            name[i]));
        after = one > after ? one : after;
    }

    host_names_free(name, n);

    issued = (uint32_t) json_integer_value(json_object_get(pass, "issued"));
    expires = (uint32_t) json_integer_value(json_object_get(pass, "expires"));

    state = issued < after && after < expires ? "revoked"
            : expires <= now ? "expired" : "valid";

    time_utc(issued, from);
    time_utc(expires, to);

    return json_object_set_new(pass, "state", json_string(state)) == 0
           && json_object_set_new(pass, "issued", json_string(from)) == 0
           && json_object_set_new(pass, "expires", json_string(to)) == 0
           ? STATUS_DONE : control_no_memory(p->ctl);
}
