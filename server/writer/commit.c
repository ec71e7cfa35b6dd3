
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Carries out a change that is checked, if not too many hosts are closed by it.
 */


#include <string.h>

#include "change/change_ops.h"
#include "writer/change.h"


#define COMMIT_DEFAULTS  (1u << PAYLOCK_OPEN | 1u << PAYLOCK_LOCKED)


static int commit_locks_only(const change_command_t *c);
static int commit_rehearse(change_command_t *c, size_t left);
static void commit_count(change_batch_t *b, size_t n);
static int commit_differs(const change_t *ch, uint32_t now);


void
commit_batch(change_command_t *c)
{
    memset(&c->batch, 0, sizeof(change_batch_t));

    c->batch.ctl = &c->ctl;
    c->batch.kind = c->order.kind;
    c->batch.args = c->order.args;
    c->batch.host = c->host;
    c->batch.n = c->n;
    c->batch.arguments = c->arguments;
    c->batch.request = c->request[0] ? c->request : NULL;
    c->batch.expected = json_string_value(json_object_get(c->command,
                                                          "if_match"));
    c->batch.committed = commit_count;
    c->batch.data = c;
    c->closed = 0;
    c->opened = 0;
}


int
commit_change(change_command_t *c)
{
    int     status, closes;
    size_t  left;

    closes = credential_sets_hold(c->order.action->name) && !c->ctl.dry_run;
    left = closes ? budget_left(c->writer, c->caller.actor) : 0;

    if (closes && (c->n > left || commit_locks_only(c))
        && commit_rehearse(c, left) != STATUS_DONE)
    {
        return c->ctl.error.status;
    }

    status = change_batch_run(&c->batch);

    if (closes) {
        budget_take(c->caller.actor, c->closed);
    }

    return status;
}


/* A plan that is put off opens the host until then. */

static int
commit_locks_only(const change_command_t *c)
{
    return strcmp(c->order.action->name, "lock") == 0
           && !caller_allows(&c->caller, "unlock");
}


/* Of many hosts few may be closed, or some opened: a dry run tells. */

static int
commit_rehearse(change_command_t *c, size_t left)
{
    int  status;

    c->ctl.dry_run = 1;
    status = change_batch_run(&c->batch);

    if (status == STATUS_DONE && c->closed > left) {
        status = error_set(&c->ctl.error, STATUS_FAILED, "budget",
                           "wait, or close them with paylock-admin",
                           "\"%s\" may close %zu hosts an hour, of which %zu "
                           "are left", c->caller.actor, c->writer->budget,
                           left);
    }

    if (status == STATUS_DONE && c->opened && commit_locks_only(c)) {
        status = error_set(&c->ctl.error, STATUS_FAILED, "forbidden",
                           "create a token with --allow lock,unlock",
                           "this \"lock\" closes a host later than it is "
                           "closed now, or planned to be, and \"%s\" may not "
                           "\"unlock\"", c->caller.actor);
    }

    change_batch_free(&c->batch);
    commit_batch(c);
    c->ctl.dry_run = 0;

    return status;
}


/* What another run of the same request has done, was counted then. */

static void
commit_count(change_batch_t *b, size_t n)
{
    int                differs;
    size_t             i;
    const change_t    *ch;
    change_command_t  *c;

    c = b->data;

    for (i = 0; i < n && !b->repeated; i++) {
        ch = &b->change[i];
        differs = b->result[ch->i].found ? 0
                  : commit_differs(ch, c->order.in.now);

        c->closed += (differs & PAYLOCK_TIMELINE_STRICTER) != 0;
        c->opened += (differs & PAYLOCK_TIMELINE_LOOSER) != 0;
    }
}


/* Is the host closed, or opened, now or later, for some default? */

static int
commit_differs(const change_t *ch, uint32_t now)
{
    paylock_record_t  before, after;

    before = change_times(ch->record);
    after = change_times(ch->after);

    return ch->changed ? paylock_timeline_differs(&before, &after, now,
                                                  COMMIT_DEFAULTS)
                       : 0;
}
