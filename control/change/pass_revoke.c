
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "change/change_ops.h"
#include "change/pass_entry.h"
#include "change/pass_revoke.h"
#include "records/host_name.h"
#include "trail/trail.h"


static int revoke_begin(change_batch_t *b);
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
    int                    status;
    change_pass_revoke_t  *r;

    r = (change_pass_revoke_t *) b->args;
    status = trail_forwards(b->ctl, revoke_entry, r);

    return status == STATUS_DONE ? b->ctl->error.status : status;
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
