
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change/change_ops.h"
#include "change/pass_entry.h"
#include "change/pass_revoke.h"
#include "paylock_host.h"
#include "records/host_name.h"
#include "trail/history.h"
#include "trail/trail.h"


static int revoke_begin(change_batch_t *b);
static int revoke_host(control_t *ctl, const char *host,
    change_pass_revoke_t *r, int *whole);
static int revoke_www(control_t *ctl, const char *host,
    change_pass_revoke_t *r, int *whole);
static int revoke_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int revoke_note(change_pass_revoke_t *r, const char *host,
    uint32_t issued);
static int revoke_apply(change_batch_t *b, change_t *ch, uint32_t now);


const change_kind_t  change_pass_revoke = {
    .action = "pass-revoke", .apply = revoke_apply, .inherits = 1,
    .begin = revoke_begin
};


/*
 * If a clock is ahead, or after another revocation, there are passes dated
 * later than now.  These must be refused as well.
 */

static int
revoke_begin(change_batch_t *b)
{
    int                    status, whole;
    size_t                 i;
    change_pass_revoke_t  *r;

    r = (change_pass_revoke_t *) b->args;
    whole = 1;
    status = STATUS_DONE;

    for (i = 0; i < b->n && whole && status == STATUS_DONE; i++) {
        status = revoke_host(b->ctl, b->host[i], r, &whole);
    }

    if (status == STATUS_DONE && !whole) {
        status = trail_forwards(b->ctl, revoke_entry, r);
    }

    return status == STATUS_DONE ? b->ctl->error.status : status;
}


/*
 * The record of a name holds for it and for "www." before it: only what these
 * two were issued is read.  That of a suffix may hold for anybody.
 */

static int
revoke_host(control_t *ctl, const char *host, change_pass_revoke_t *r,
    int *whole)
{
    int  status, earlier;

    *whole = 0;

    if (paylock_host_suffix(host, strlen(host))) {
        return STATUS_DONE;
    }

    status = history_each(ctl, NULL, host, UINT64_MAX, revoke_entry, r, whole,
                          &earlier);

    return status == STATUS_DONE && *whole ? revoke_www(ctl, host, r, whole)
                                           : status;
}


/* Mostly it has no record, and so it never had an entry. */

static int
revoke_www(control_t *ctl, const char *host, change_pass_revoke_t *r,
    int *whole)
{
    int          status, earlier;
    char        *name;
    redisReply  *record;

    if (asprintf(&name, "www.%s", host) == -1) {
        return control_no_memory(ctl);
    }

    record = NULL;
    status = history_record(ctl, name, &record);

    if (status == STATUS_DONE && record->type == REDIS_REPLY_STRING) {
        status = history_each(ctl, NULL, name, UINT64_MAX, revoke_entry, r,
                              whole, &earlier);
    }

    freeReplyObject(record);
    free(name);

    return status;
}


static int
revoke_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    int                    ok;
    char                   host[256], **name;
    size_t                 i, n;
    pass_entry_t           issued;
    change_pass_revoke_t  *r;

    (void) id;

    r = data;

    if (why || !pass_entry_read(e, &issued) || issued.issued < r->now
        || !pass_entry_text(&e->field[PAYLOCK_AUDIT_HOST], host, sizeof(host)))
    {
        return 1;
    }

    if (host_name_candidates(r->ctl, host, &name, &n) != STATUS_DONE) {
        return 0;
    }

    for (i = 0, ok = 1; ok && i < n; i++) {
        ok = revoke_note(r, name[i], issued.issued);
    }

    host_names_free(name, n);

    return ok;
}


static int
revoke_note(change_pass_revoke_t *r, const char *host, uint32_t issued)
{
    if (issued <= json_integer_value(json_object_get(r->latest, host))
        || json_object_set_new(r->latest, host, json_integer(issued)) == 0)
    {
        return 1;
    }

    (void) control_no_memory(r->ctl);

    return 0;
}


/* Passes issued in this second are refused as well. */

static int
revoke_apply(change_batch_t *b, change_t *ch, uint32_t now)
{
    int                          status;
    uint32_t                     last;
    json_int_t                   latest;
    const change_pass_revoke_t  *r;

    r = b->args;

    if (ch->junk) {
        return error_set(&b->ctl->error, STATUS_FAILED, "record",
                         "lock, unlock or reset it first",
                         "the value of \"%s\" in Redis is not a record, so "
                         "that another one might end what nginx holds",
                         ch->host);
    }

    status = change_begin(b, ch, ch->record, now);

    if (status != STATUS_DONE) {
        return status;
    }

    latest = json_integer_value(json_object_get(r->latest, ch->host));
    last = now > ch->match.pass_after ? now : ch->match.pass_after;
    last = latest > last ? (uint32_t) latest : last;

    change_time(ch, PAYLOCK_PASS_AFTER, last < UINT32_MAX ? last + 1 : last);

    return change_end(b, ch, 1);
}
