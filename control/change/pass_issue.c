
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "change/change_ops.h"
#include "change/pass_issue.h"
#include "trail/entry.h"


static int issue_apply(change_batch_t *b, change_t *ch, uint32_t now);
static void issue_warn(change_batch_t *b, const change_t *ch, uint32_t now);
static void issue_entry(change_batch_t *b, paylock_entry_t *e);


const change_kind_t  change_pass_issue = {
    .action = "pass-issue", .apply = issue_apply, .inherits = 1,
    .entry = issue_entry
};


/* A pass issued in the second of a revocation must be dated after it. */

static int
issue_apply(change_batch_t *b, change_t *ch, uint32_t now)
{
    change_pass_issue_t  *issue;
    paylock_pass_t       *pass;

    issue = (change_pass_issue_t *) b->args;
    pass = &issue->pass;

    pass->key = &issue->keys->key[0];
    pass->issued = now > ch->match.pass_after ? now : ch->match.pass_after;

    if (issue->ttl > UINT32_MAX - pass->issued) {
        return error_set(&b->ctl->error, STATUS_USAGE, "time",
                         "give a shorter --ttl",
                         "the pass would be good beyond the year 2106");
    }

    pass->expires = pass->issued + issue->ttl;

    pass_entry_write(pass, issue->reference);
    issue_warn(b, ch, now);

    return change_keep(b, ch);
}


static void
issue_warn(change_batch_t *b, const change_t *ch, uint32_t now)
{
    paylock_record_t  rec;

    rec = change_times(ch->match.record);

    if (ch->match.record
        && paylock_timeline_stage(&rec, now, PAYLOCK_LOCKED)
           < PAYLOCK_READONLY)
    {
        control_warn(b->ctl, "open", ch->host,
                     "lock the site first, and issue the pass then",
                     "\"%s\" is not locked, and \"lock\" ends all passes that "
                     "were issued before it", ch->host);
    }
}


static void
issue_entry(change_batch_t *b, paylock_entry_t *e)
{
    const change_pass_issue_t  *issue;

    issue = b->args;

    entry_set(e, PAYLOCK_AUDIT_REFERENCE, issue->reference);
    entry_set(e, PAYLOCK_AUDIT_REASON, issue->reason);
}
