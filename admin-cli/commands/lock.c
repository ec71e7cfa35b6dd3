
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>
#include <time.h>

#include "change/amount_due.h"
#include "change/change_ops.h"


#define LOCK_BIT(t)  (1u << (t))


/* What is asked for; sets of times are 1 << paylock_time_e each. */

typedef struct {
    uint32_t     time[PAYLOCK_TIMES];
    uint32_t     now;
    unsigned     given;
    unsigned     immediate;            /* of those given */
    const char  *reason;
    const char  *invoice;
    const char  *ref;
} lock_t;


static int lock_options(admin_t *a, lock_t *lock);
static int lock_times(admin_t *a, lock_t *lock);
static int lock_order(admin_t *a, const lock_t *lock);
static int lock_change(flips_t *fs, flip_t *f, uint32_t now);
static int lock_inherit(json_t *record, const json_t *own);
static int lock_refused(flips_t *fs, const flip_t *f, const lock_t *lock,
    const paylock_record_t *rec, uint32_t now);
static void lock_reopen(flip_t *f, const lock_t *lock,
    const paylock_record_t *rec, uint32_t now);
static void lock_set(flip_t *f, const lock_t *lock,
    const paylock_record_t *rec, paylock_time_e t, uint32_t now);
static int lock_texts(flips_t *fs, flip_t *f, const lock_t *lock,
    int same_case);


/* in the order in which they may come */

static const struct {
    paylock_time_e  time;
    option_e        option;
} lock_stages[] = {
    { PAYLOCK_NOTICE_AT, OPT_NOTICE },
    { PAYLOCK_READONLY_AT, OPT_READONLY },
    { PAYLOCK_LOCK_AT, OPT_AT },
    { PAYLOCK_OPEN_AT, OPT_UNTIL }
};

#define LOCK_TIMES   (sizeof(lock_stages) / sizeof(lock_stages[0]))
#define LOCK_STAGES  (LOCK_TIMES - 1)


int
cmd_lock(admin_t *a)
{
    int           status;
    lock_t        lock;
    flip_kind_t   kind;

    status = lock_options(a, &lock);

    if (status != STATUS_DONE) {
        return status;
    }

    /* a record of its own must not end what another holds for the host */

    memset(&kind, 0, sizeof(flip_kind_t));

    kind.action = "lock";
    kind.change = lock_change;
    kind.data = &lock;
    kind.inherits = !(lock.immediate & LOCK_BIT(PAYLOCK_LOCK_AT));

    return flips_run(a, &kind);
}


static int
lock_options(admin_t *a, lock_t *lock)
{
    memset(lock, 0, sizeof(lock_t));

    lock->now = (uint32_t) time(NULL);

    if (lock_times(a, lock) != STATUS_DONE
        || lock_order(a, lock) != STATUS_DONE
        || change_check(a, OPT_REASON, CHANGE_REASON) != STATUS_DONE
        || change_check(a, OPT_INVOICE, CHANGE_INVOICE) != STATUS_DONE
        || claim_check(a) != STATUS_DONE)
    {
        return a->problem.status;
    }

    lock->reason = a->opt[OPT_REASON];
    lock->invoice = a->opt[OPT_INVOICE];
    lock->ref = a->opt[OPT_REF];

    if (lock->ref && !paylock_ref_check(lock->ref, strlen(lock->ref))) {
        return problem_set(&a->problem, STATUS_USAGE, "ref",
                           "give 1 to 16 of A-Z, a-z, 0-9, \".\", \"_\" and "
                           "\"-\"", "the value of --ref is no reference");
    }

    return STATUS_DONE;
}


static int
lock_times(admin_t *a, lock_t *lock)
{
    size_t          i;
    option_e        option;
    paylock_time_e  t;

    for (i = 0; i < LOCK_TIMES; i++) {
        t = lock_stages[i].time;
        option = lock_stages[i].option;
        lock->time[t] = lock->now;

        if (change_option(a, option, lock->now, &lock->time[t])
            != STATUS_DONE)
        {
            return a->problem.status;
        }

        if (a->opt[option]
            || (option == OPT_AT && a->opt[OPT_NOTICE] == NULL
                && a->opt[OPT_READONLY] == NULL))
        {
            lock->given |= LOCK_BIT(t);

            if (lock->time[t] <= lock->now) {
                lock->immediate |= LOCK_BIT(t);
            }
        }
    }

    return STATUS_DONE;
}


static int
lock_order(admin_t *a, const lock_t *lock)
{
    size_t          i;
    uint32_t        last;
    option_e        before;
    paylock_time_e  t;

    if (lock->immediate & LOCK_BIT(PAYLOCK_OPEN_AT)) {
        return problem_set(&a->problem, STATUS_USAGE, "time",
                           "give --until a later time than now",
                           "the time of --until has passed");
    }

    last = 0;
    before = OPT_N;

    for (i = 0; i < LOCK_TIMES; i++) {
        t = lock_stages[i].time;

        if (!(lock->given & LOCK_BIT(t))) {
            continue;
        }

        if (before != OPT_N
            && (lock->time[t] < last
                || (t == PAYLOCK_OPEN_AT && lock->time[t] == last)))
        {
            return problem_set(&a->problem, STATUS_USAGE, "time",
                               "the order is --notice, --readonly, --at, and "
                               "--until behind them",
                               "the time of --%s %s that of --%s",
                               admin_options[lock_stages[i].option].name,
                               t == PAYLOCK_OPEN_AT ? "is not later than"
                                                    : "is earlier than",
                               admin_options[before].name);
        }

        last = lock->time[t];
        before = lock_stages[i].option;
    }

    return STATUS_DONE;
}


/*
 * A time that has come by this clock alone has not come yet for a node whose
 * clock is behind; with its moment not beyond "at" it has for all.  A stage
 * that is settled in this sense is left as it is.
 */

static int
lock_change(flips_t *fs, flip_t *f, uint32_t now)
{
    int                settled, status;
    size_t             i;
    const json_t      *from;
    const lock_t      *lock;
    paylock_time_e     t;
    paylock_record_t   rec;

    lock = fs->kind->data;
    from = f->record;

    if (f->holder.record && (from == NULL || !holder_says(from))) {

        /* what the record has beside stages and "at" stays its own */

        if (from && lock_inherit(f->holder.record, from) != 0) {
            return admin_memory(fs->admin);
        }

        from = f->holder.record;
    }

    rec = change_times(from);

    status = change_guarded(fs, f);

    if (status != STATUS_DONE
        || (status = lock_refused(fs, f, lock, &rec, now)) != STATUS_DONE
        || (status = change_begin(fs, f, from, now)) != STATUS_DONE)
    {
        return status;
    }

    settled = 1;

    for (i = 0; i < LOCK_STAGES; i++) {
        t = lock_stages[i].time;

        if (lock->immediate & LOCK_BIT(t)) {
            settled &= change_holds(&rec, t, now)
                       && change_holds(&rec, t, rec.time[PAYLOCK_AT]);
        }
    }

    if (!settled) {
        lock_reopen(f, lock, &rec, now);
    }

    for (i = 0; i < LOCK_STAGES; i++) {
        lock_set(f, lock, &rec, lock_stages[i].time, now);
    }

    if (lock->given & LOCK_BIT(PAYLOCK_OPEN_AT)) {
        change_time(f, PAYLOCK_OPEN_AT, lock->time[PAYLOCK_OPEN_AT]);
    }

    status = lock_texts(fs, f, lock,
                        from && from == f->record && change_case(&rec, now));

    if (status == STATUS_DONE) {
        status = change_end(fs, f, !settled);
    }

    return status == STATUS_DONE ? change_passes(fs, f, &rec, now) : status;
}


/* When the times of a record have come depends on its own "at". */

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


/* What one record cannot hold, or what would end what holds now. */

static int
lock_refused(flips_t *fs, const flip_t *f, const lock_t *lock,
    const paylock_record_t *rec, uint32_t now)
{
    int              opened, until;
    size_t           i;
    problem_t       *p;
    paylock_time_e   t;

    p = &fs->admin->problem;
    until = lock->given & LOCK_BIT(PAYLOCK_OPEN_AT);
    opened = paylock_timeline_come(rec, PAYLOCK_OPEN_AT, now);

    if (f->junk && fs->kind->inherits) {
        return problem_set(p, STATUS_FAILED, "record",
                           "lock it now, unlock or reset it first",
                           "what stands for \"%s\" in Redis is no record, so "
                           "that a plan might end what nginx holds", f->host);
    }

    if (until && opened
        && !(lock->immediate & (LOCK_BIT(PAYLOCK_LOCK_AT)
                                | LOCK_BIT(PAYLOCK_READONLY_AT))))
    {
        return problem_set(p, STATUS_USAGE, "plan",
                           "plan without --until, or \"reset\" the host "
                           "first",
                           "\"%s\" was opened by its record, which cannot "
                           "hold a second opening", f->host);
    }

    for (i = 0; i < LOCK_STAGES; i++) {
        t = lock_stages[i].time;

        if ((lock->given & ~lock->immediate & LOCK_BIT(t))
            && change_holds(rec, t, now) && !until && !opened
            && paylock_record_has(rec, PAYLOCK_OPEN_AT)
            && rec->time[PAYLOCK_OPEN_AT] <= lock->time[t])
        {
            return problem_set(p, STATUS_USAGE, "plan",
                               "give --until to keep it so longer, or plan "
                               "it again once the host is open",
                               "\"%s\" is %s and opens before that; its "
                               "record cannot hold a second time", f->host,
                               paylock_stage_names[PAYLOCK_NOTICE + i]);
        }
    }

    return STATUS_DONE;
}


/* Without the opening what it had ended would come back. */

static void
lock_reopen(flip_t *f, const lock_t *lock, const paylock_record_t *rec,
    uint32_t now)
{
    size_t          i;
    paylock_time_e  t;

    if (!(lock->immediate & (LOCK_BIT(PAYLOCK_LOCK_AT)
                             | LOCK_BIT(PAYLOCK_READONLY_AT)))
        || !paylock_timeline_come(rec, PAYLOCK_OPEN_AT, now))
    {
        return;
    }

    for (i = 0; i < LOCK_STAGES; i++) {
        t = lock_stages[i].time;

        if (change_ended(rec, t, now)) {
            change_drop(f, paylock_time_names[t]);
        }
    }

    change_drop(f, paylock_time_names[PAYLOCK_OPEN_AT]);
}


/* A stage that holds goes on: one record holds one moment of it. */

static void
lock_set(flip_t *f, const lock_t *lock, const paylock_record_t *rec,
    paylock_time_e t, uint32_t now)
{
    uint32_t    when;
    json_int_t  opened;

    if (!(lock->given & LOCK_BIT(t)) || change_holds(rec, t, now)) {
        return;
    }

    when = lock->time[t] == lock->now ? now : lock->time[t];
    opened = json_integer_value(json_object_get(f->after, "open_at"));

    /* a notice of the past does not come before the opening that it keeps */

    if ((lock->immediate & LOCK_BIT(t)) && when < opened && opened <= now) {
        when = (uint32_t) opened;
    }

    change_time(f, t, when);
}


/* What was said of a case that is closed does not belong to the next one. */

static int
lock_texts(flips_t *fs, flip_t *f, const lock_t *lock, int same_case)
{
    size_t  i;

    if (!same_case) {
        change_settled(f);
    }

    change_text(f, "reason", lock->reason);
    change_text(f, "invoice", lock->invoice);
    change_text(f, "ref", lock->ref);

    for (i = 0; i < CLAIM_FIELDS; i++) {
        change_text(f, paylock_audit_names[claim_fields[i].field],
                    fs->admin->opt[claim_fields[i].option]);
    }

    return json_object_get(f->after, "ref") ? STATUS_DONE : change_ref(fs, f);
}
