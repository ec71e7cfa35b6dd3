
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <time.h>

#include "change/change_ops.h"


static int unlock_change(flips_t *fs, flip_t *f, uint32_t now);
static int unlock_settled(const paylock_record_t *rec, uint32_t until);


int
cmd_unlock(admin_t *a)
{
    uint32_t     now, until;
    flip_kind_t  kind = {
        .action = "unlock", .change = unlock_change, .expects = 1,
        .data = &until
    };

    now = (uint32_t) time(NULL);
    until = 0;

    if (change_check(a, OPT_REASON, CHANGE_REASON) != STATUS_DONE
        || change_option(a, OPT_UNTIL, now, &until) != STATUS_DONE)
    {
        return a->problem.status;
    }

    if (a->opt[OPT_UNTIL] && until <= now) {
        return problem_set(&a->problem, STATUS_USAGE, "time",
                           "give --until a later time than now",
                           "the time of --until has passed");
    }

    return flips_run(a, &kind);
}


static int
unlock_change(flips_t *fs, flip_t *f, uint32_t now)
{
    int               status, settled;
    uint32_t          until;
    paylock_record_t  rec;

    until = *(const uint32_t *) fs->kind->data;
    rec = change_times(f->record);
    settled = unlock_settled(&rec, until);

    status = until ? change_guarded(fs, f) : STATUS_DONE;

    if (status == STATUS_DONE) {
        status = change_begin(fs, f, f->record, now);
    }

    if (status != STATUS_DONE) {
        return status;
    }

    if (!settled) {

        if (paylock_timeline_stage(&rec, now, PAYLOCK_LOCKED)
            != PAYLOCK_OPEN)
        {
            change_time(f, PAYLOCK_OPEN_AT, now);
        }

        change_drop(f, paylock_time_names[PAYLOCK_NOTICE_AT]);
        change_drop(f, paylock_time_names[PAYLOCK_READONLY_AT]);
        change_drop(f, paylock_time_names[PAYLOCK_LOCK_AT]);
        change_settled(f);

        if (until) {
            change_time(f, PAYLOCK_LOCK_AT, until);
        }
    }

    change_text(f, "reason", fs->admin->opt[OPT_REASON]);

    return change_end(fs, f, !settled);
}


/*
 * Open by the record, whatever the clock says, with nothing planned but the
 * lock asked for.
 */

static int
unlock_settled(const paylock_record_t *rec, uint32_t until)
{
    uint32_t         at, when;
    paylock_stage_e  next;

    at = rec->time[PAYLOCK_AT];

    if (paylock_timeline_stage(rec, at, PAYLOCK_LOCKED) != PAYLOCK_OPEN) {
        return 0;
    }

    if (!paylock_timeline_next(rec, at, PAYLOCK_LOCKED, &when, &next)) {
        return until == 0;
    }

    return until && when == until && next == PAYLOCK_LOCKED;
}
