
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "change/change_ops.h"
#include "change/unlock.h"


static int unlock_apply(change_batch_t *b, change_t *ch, uint32_t now);
static int unlock_settled(const paylock_record_t *rec, uint32_t until);


const change_kind_t  change_unlock = {
    .action = "unlock", .apply = unlock_apply
};


static int
unlock_apply(change_batch_t *b, change_t *ch, uint32_t now)
{
    int                     status, settled;
    uint32_t                until;
    const change_unlock_t  *unlock;
    paylock_record_t        rec;

    unlock = b->args;
    until = unlock->until;
    rec = change_times(ch->record);
    settled = unlock_settled(&rec, until);

    status = until ? change_guarded(b, ch) : STATUS_DONE;

    if (status == STATUS_DONE) {
        status = change_begin(b, ch, ch->record, now);
    }

    if (status != STATUS_DONE) {
        return status;
    }

    if (!settled) {

        if (paylock_timeline_stage(&rec, now, PAYLOCK_LOCKED)
            != PAYLOCK_OPEN)
        {
            change_time(ch, PAYLOCK_OPEN_AT, now);
        }

        change_drop(ch, paylock_time_names[PAYLOCK_NOTICE_AT]);
        change_drop(ch, paylock_time_names[PAYLOCK_READONLY_AT]);
        change_drop(ch, paylock_time_names[PAYLOCK_LOCK_AT]);
        change_settled(ch);

        if (until) {
            change_time(ch, PAYLOCK_LOCK_AT, until);
        }
    }

    change_text(ch, "reason", unlock->reason);

    return change_end(b, ch, !settled);
}


/*
 * Is the host open by its record, by any clock, with no plan but the lock that
 * is asked for?  Then nothing is to be done.
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
