
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "change/change_ops.h"
#include "change/protect.h"
#include "paylock_host.h"


static int protect_apply(change_batch_t *b, change_t *ch, uint32_t now);
static int protect_refused(change_batch_t *b, const change_t *ch,
    const paylock_record_t *rec, uint32_t now);
static int unprotect_apply(change_batch_t *b, change_t *ch, uint32_t now);


const change_kind_t  change_protect = {
    .action = "protect", .apply = protect_apply
};


const change_kind_t  change_unprotect = {
    .action = "unprotect", .apply = unprotect_apply
};


/* An open suffix does not prevent locks of the names below it. */

int
change_protect_check(control_t *ctl, char **host, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {

        if (paylock_host_suffix(host[i], strlen(host[i]))) {
            (void) error_set(&ctl->error, STATUS_USAGE, "host",
                             "name the hosts below it one by one",
                             "the suffix \"%s\" cannot be protected",
                             host[i]);
            return error_about(&ctl->error, host[i]);
        }
    }

    return STATUS_DONE;
}


static int
protect_apply(change_batch_t *b, change_t *ch, uint32_t now)
{
    int                settled, status;
    paylock_time_e     t;
    paylock_record_t   rec;

    rec = change_times(ch->record);

    status = protect_refused(b, ch, &rec, now);

    if (status != STATUS_DONE
        || (status = change_begin(b, ch, ch->record, now)) != STATUS_DONE)
    {
        return status;
    }

    settled = paylock_record_protected(ch->record)
              && paylock_timeline_stage(&rec, rec.time[PAYLOCK_AT],
                                        PAYLOCK_LOCKED) == PAYLOCK_OPEN;
    if (!settled) {

        if (paylock_timeline_stage(&rec, now, PAYLOCK_LOCKED)
            != PAYLOCK_OPEN)
        {
            change_time(ch, PAYLOCK_OPEN_AT, now);
        }

        for (t = PAYLOCK_NOTICE_AT; t <= PAYLOCK_LOCK_AT; t++) {
            change_drop(ch, paylock_time_names[t]);
        }

        change_settled(ch);
        (void) json_object_set_new(ch->after, PAYLOCK_PROTECTED, json_true());
    }

    change_text(ch, "reason", (const char *) b->args);

    return change_end(b, ch, !settled);
}


/* Protecting a closed host would open it, which was not asked for. */

static int
protect_refused(change_batch_t *b, const change_t *ch,
    const paylock_record_t *rec, uint32_t now)
{
    if (ch->junk) {
        return error_set(&b->ctl->error, STATUS_FAILED, "record",
                         "unlock or reset it first",
                         "the value of \"%s\" in Redis is not a record, so "
                         "that nginx may hold it locked", ch->host);
    }

    if (change_case(rec, now)) {
        return error_set(&b->ctl->error, STATUS_FAILED, "locked",
                         "unlock it first",
                         "\"%s\" is closed or in notice, or is to be",
                         ch->host);
    }

    return STATUS_DONE;
}


/* The open record stays; "reset" removes it. */

static int
unprotect_apply(change_batch_t *b, change_t *ch, uint32_t now)
{
    int  status;

    if (!paylock_record_protected(ch->record)) {
        ch->after = json_incref(ch->record);
        return STATUS_DONE;
    }

    status = change_begin(b, ch, ch->record, now);

    if (status != STATUS_DONE) {
        return status;
    }

    change_drop(ch, PAYLOCK_PROTECTED);
    change_drop(ch, "reason");
    change_text(ch, "reason", (const char *) b->args);

    return change_end(b, ch, 0);
}
