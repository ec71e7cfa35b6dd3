
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "change/change_ops.h"
#include "change/lock.h"


#define LOCK_STAGES  3


static int lock_apply(change_batch_t *b, change_t *ch, uint32_t now);
static int lock_inherit(json_t *record, const json_t *own);
static int lock_refused(change_batch_t *b, const change_t *ch,
    const change_lock_t *lock, const paylock_record_t *rec, uint32_t now);
static void lock_reopen(change_t *ch, const change_lock_t *lock,
    const paylock_record_t *rec, uint32_t now);
static void lock_set(change_t *ch, const change_lock_t *lock,
    const paylock_record_t *rec, paylock_time_e t, uint32_t now);
static int lock_texts(change_batch_t *b, change_t *ch,
    const change_lock_t *lock, int same_case);


/* in the order in which they must come */

static const paylock_time_e  lock_stages[LOCK_STAGES] = {
    PAYLOCK_NOTICE_AT, PAYLOCK_READONLY_AT, PAYLOCK_LOCK_AT
};


static const change_kind_t  lock_now = {
    .action = "lock", .apply = lock_apply
};


/* a new record would end the inherited stage: a plan starts from a copy */

static const change_kind_t  lock_plan = {
    .action = "lock", .apply = lock_apply, .inherits = 1
};


const change_kind_t *
change_lock_kind(const change_lock_t *lock)
{
    return lock->immediate & CHANGE_BIT(PAYLOCK_LOCK_AT) ? &lock_now
                                                       : &lock_plan;
}


/*
 * A time that has come by this clock may still be in the future for a node
 * whose clock is behind; but a time not later than "at" has come for all nodes.
 * A stage that has begun in this sense is left as it is.
 */

static int
lock_apply(change_batch_t *b, change_t *ch, uint32_t now)
{
    int                   settled, status;
    size_t                i;
    const json_t         *from;
    const change_lock_t  *lock;
    paylock_time_e        t;
    paylock_record_t      rec;

    lock = b->args;
    from = ch->record;

    if (ch->match.record && (from == NULL || !matching_record_says(from))) {

        /* the own record, which has no stage, keeps its other members */

        if (from && lock_inherit(ch->match.record, from) != 0) {
            return control_no_memory(b->ctl);
        }

        from = ch->match.record;
    }

    rec = change_times(from);

    status = change_guarded(b, ch);

    if (status != STATUS_DONE
        || (status = lock_refused(b, ch, lock, &rec, now)) != STATUS_DONE
        || (status = change_begin(b, ch, from, now)) != STATUS_DONE)
    {
        return status;
    }

    settled = 1;

    for (i = 0; i < LOCK_STAGES; i++) {
        t = lock_stages[i];

        if (lock->immediate & CHANGE_BIT(t)) {
            settled &= change_holds(&rec, t, now)
                       && change_holds(&rec, t, rec.time[PAYLOCK_AT]);
        }
    }

    if (!settled) {
        lock_reopen(ch, lock, &rec, now);
    }

    for (i = 0; i < LOCK_STAGES; i++) {
        lock_set(ch, lock, &rec, lock_stages[i], now);
    }

    if (lock->given & CHANGE_BIT(PAYLOCK_OPEN_AT)) {
        change_time(ch, PAYLOCK_OPEN_AT, lock->time[PAYLOCK_OPEN_AT]);
    }

    status = lock_texts(b, ch, lock,
                        from && from == ch->record && change_case(&rec, now));

    if (status == STATUS_DONE) {
        status = change_end(b, ch, !settled);
    }

    if (status == STATUS_DONE) {
        status = change_passes(b, ch, &rec, now);
    }

    return status == STATUS_DONE ? change_lock_fits(b, ch) : status;
}


/* "at" stays that of the inherited record: its times have come by it. */

static int
lock_inherit(json_t *record, const json_t *own)
{
    json_t      *value;
    const char  *name;

    json_object_foreach((json_t *) own, name, value) {
        if (strcmp(name, paylock_time_names[PAYLOCK_AT]) != 0
            && json_object_set(record, name, value) != 0)
        {
            return -1;
        }
    }

    return 0;
}


/* Refuses what a record cannot express, and what would end a present stage. */

static int
lock_refused(change_batch_t *b, const change_t *ch, const change_lock_t *lock,
    const paylock_record_t *rec, uint32_t now)
{
    int             opened, until;
    size_t          i;
    error_info_t   *p;
    paylock_time_e  t;

    p = &b->ctl->error;
    until = lock->given & CHANGE_BIT(PAYLOCK_OPEN_AT);
    opened = paylock_timeline_come(rec, PAYLOCK_OPEN_AT, now);

    if (ch->junk && b->kind->inherits) {
        return error_set(p, STATUS_FAILED, "record",
                         "lock it now, unlock or reset it first",
                         "the value of \"%s\" in Redis is not a record, so "
                         "that a plan might end what nginx holds", ch->host);
    }

    if (until && opened
        && !(lock->immediate & (CHANGE_BIT(PAYLOCK_LOCK_AT)
                                | CHANGE_BIT(PAYLOCK_READONLY_AT))))
    {
        return error_set(p, STATUS_USAGE, "plan",
                         "plan without --until, or \"reset\" the host "
                         "first",
                         "\"%s\" was opened by its record, which cannot "
                         "hold a second opening", ch->host);
    }

    for (i = 0; i < LOCK_STAGES; i++) {
        t = lock_stages[i];

        if ((lock->given & ~lock->immediate & CHANGE_BIT(t))
            && change_holds(rec, t, now) && !until && !opened
            && paylock_record_has(rec, PAYLOCK_OPEN_AT)
            && rec->time[PAYLOCK_OPEN_AT] <= lock->time[t])
        {
            return error_set(p, STATUS_USAGE, "plan",
                             "give --until to keep it so longer, or plan "
                             "it again once the host is open",
                             "\"%s\" is %s and opens before that; its "
                             "record cannot hold a second time", ch->host,
                             paylock_stage_names[PAYLOCK_NOTICE + i]);
        }
    }

    return STATUS_DONE;
}


/* Removes a past opening, with the stages that it ended, or they come back. */

static void
lock_reopen(change_t *ch, const change_lock_t *lock,
    const paylock_record_t *rec, uint32_t now)
{
    size_t          i;
    paylock_time_e  t;

    if (!(lock->immediate & (CHANGE_BIT(PAYLOCK_LOCK_AT)
                             | CHANGE_BIT(PAYLOCK_READONLY_AT)))
        || !paylock_timeline_come(rec, PAYLOCK_OPEN_AT, now))
    {
        return;
    }

    for (i = 0; i < LOCK_STAGES; i++) {
        t = lock_stages[i];

        if (change_ended(rec, t, now)) {
            change_drop(ch, paylock_time_names[t]);
        }
    }

    change_drop(ch, paylock_time_names[PAYLOCK_OPEN_AT]);
}


/* A stage that holds goes on: a record has one time per stage. */

static void
lock_set(change_t *ch, const change_lock_t *lock, const paylock_record_t *rec,
    paylock_time_e t, uint32_t now)
{
    uint32_t    when;
    json_int_t  opened;

    if (!(lock->given & CHANGE_BIT(t)) || change_holds(rec, t, now)) {
        return;
    }

    when = lock->time[t] == lock->now ? now : lock->time[t];
    opened = json_integer_value(json_object_get(ch->after, "open_at"));

    /* a notice now must not be earlier than an opening that is kept */

    if ((lock->immediate & CHANGE_BIT(t)) && when < opened && opened <= now) {
        when = (uint32_t) opened;
    }

    change_time(ch, t, when);
}


/* Removes the texts of a closed case: they do not belong to the next one. */

static int
lock_texts(change_batch_t *b, change_t *ch, const change_lock_t *lock,
    int same_case)
{
    if (!same_case) {
        change_settled(ch);
    }

    change_text(ch, "ref", lock->ref);
    change_case_texts(ch, lock->text);


    return json_object_get(ch->after, "ref") ? STATUS_DONE : change_ref(b, ch);
}
