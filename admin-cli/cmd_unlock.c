
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "change.h"


static int unlock_change(flips_t *fs, flip_t *f, uint32_t now);
static int unlock_settled(const paylock_record_t *rec);


int
cmd_unlock(admin_t *a)
{
    int  status;

    status = change_check(a, OPT_REASON, CHANGE_REASON);

    return status == STATUS_DONE ? flips_run(a, "unlock", unlock_change, NULL)
                                 : status;
}


static int
unlock_change(flips_t *fs, flip_t *f, uint32_t now)
{
    int               status, settled;
    paylock_record_t  rec;

    rec = change_times(f->record);
    settled = unlock_settled(&rec);

    status = change_begin(fs, f, f->record, now);

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
        change_drop(f, "reason");
        change_drop(f, "invoice");
    }

    change_text(f, "reason", fs->admin->opt[OPT_REASON]);

    return change_end(fs, f, !settled);
}


/* Open by the record, whatever the clock says, with nothing planned. */

static int
unlock_settled(const paylock_record_t *rec)
{
    uint32_t         at, when;
    paylock_stage_e  next;

    at = rec->time[PAYLOCK_AT];

    return paylock_timeline_stage(rec, at, PAYLOCK_LOCKED) == PAYLOCK_OPEN
           && !paylock_timeline_next(rec, at, PAYLOCK_LOCKED, &when, &next);
}
