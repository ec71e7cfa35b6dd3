
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "change.h"
#include "when.h"


/* a zero: not given */

typedef struct {
    uint32_t     at;                   /* only if it lies in the future */
    uint32_t     past;
    uint32_t     until;
    const char  *reason;
    const char  *invoice;
    const char  *ref;
} lock_t;


static int lock_options(admin_t *a, lock_t *lock);
static int lock_time(admin_t *a, option_e option, uint32_t now,
    uint32_t *when);
static int lock_change(flips_t *fs, flip_t *f, uint32_t now);
static void lock_now(flip_t *f, const lock_t *lock,
    const paylock_record_t *rec, uint32_t now, int locked);
static int lock_plan(flips_t *fs, flip_t *f, const lock_t *lock,
    const paylock_record_t *rec, uint32_t now, int locked);
static int lock_texts(flips_t *fs, flip_t *f, const lock_t *lock,
    int same_case);
static int lock_ref(flips_t *fs, flip_t *f);


int
cmd_lock(admin_t *a)
{
    int     status;
    lock_t  lock;

    status = lock_options(a, &lock);

    return status == STATUS_DONE ? flips_run(a, "lock", lock_change, &lock)
                                 : status;
}


static int
lock_options(admin_t *a, lock_t *lock)
{
    uint32_t  now, at;

    memset(lock, 0, sizeof(lock_t));

    now = (uint32_t) time(NULL);
    at = now;

    if (lock_time(a, OPT_AT, now, &at) != STATUS_DONE
        || lock_time(a, OPT_UNTIL, now, &lock->until) != STATUS_DONE
        || change_check(a, OPT_REASON, CHANGE_REASON) != STATUS_DONE
        || change_check(a, OPT_INVOICE, CHANGE_INVOICE) != STATUS_DONE)
    {
        return a->problem.status;
    }

    if (a->opt[OPT_UNTIL] && (lock->until <= at || lock->until <= now)) {
        return problem_set(&a->problem, STATUS_USAGE, "time",
                           "give --until a later time than --at and now",
                           "the lock would end before it begins, or in the "
                           "past");
    }

    if (at > now) {
        lock->at = at;

    } else if (a->opt[OPT_AT]) {
        lock->past = at;
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
lock_time(admin_t *a, option_e option, uint32_t now, uint32_t *when)
{
    const char  *why;

    if (a->opt[option] == NULL) {
        return STATUS_DONE;
    }

    why = when_parse(a->opt[option], now, when);

    return why ? problem_set(&a->problem, STATUS_USAGE, "time", WHEN_FORMS,
                             "\"%.100s\" of --%s %s", a->opt[option],
                             admin_options[option].name, why)
               : STATUS_DONE;
}


/*
 * A time that has come by this clock alone has not come yet for a node whose
 * clock is behind; with its moment not beyond "at" it has for all.  A lock
 * that is settled in this sense is left as it is.
 */

static int
lock_change(flips_t *fs, flip_t *f, uint32_t now)
{
    int                locked, settled, status;
    const json_t      *from;
    const lock_t      *lock;
    paylock_record_t   rec;

    lock = fs->data;

    /* a plan must not end what holds now, be it by the name without www. */

    from = (f->record || !lock->at) ? f->record : f->fallback;
    rec = change_times(from);

    locked = paylock_timeline_stage(&rec, now, PAYLOCK_OPEN) == PAYLOCK_LOCKED;
    settled = locked
              && paylock_timeline_stage(&rec, rec.time[PAYLOCK_AT],
                                        PAYLOCK_OPEN) == PAYLOCK_LOCKED;

    status = change_begin(fs, f, from, now);

    if (status != STATUS_DONE) {
        return status;
    }

    if (lock->at) {
        status = lock_plan(fs, f, lock, &rec, now, locked);

        if (status != STATUS_DONE) {
            return status;
        }

    } else if (!settled) {
        lock_now(f, lock, &rec, now, locked);
    }

    if (lock->until) {
        change_time(f, PAYLOCK_OPEN_AT, lock->until);
    }

    status = lock_texts(fs, f, lock,
                        f->record
                        && (locked || (paylock_record_has(&rec,
                                                          PAYLOCK_LOCK_AT)
                                       && rec.time[PAYLOCK_LOCK_AT] > now)));
    if (status != STATUS_DONE) {
        return status;
    }

    return change_end(fs, f, !lock->at && !settled);
}


static void
lock_now(flip_t *f, const lock_t *lock, const paylock_record_t *rec,
    uint32_t now, int locked)
{
    if (!locked) {
        change_time(f, PAYLOCK_LOCK_AT, lock->past ? lock->past : now);
    }

    if (paylock_timeline_come(rec, PAYLOCK_OPEN_AT, now)) {
        change_drop(f, paylock_time_names[PAYLOCK_OPEN_AT]);
    }
}


/* A host that is locked stays so: one record holds one moment of locking. */

static int
lock_plan(flips_t *fs, flip_t *f, const lock_t *lock,
    const paylock_record_t *rec, uint32_t now, int locked)
{
    problem_t  *p;

    p = &fs->admin->problem;

    if (!locked) {

        if (lock->until && paylock_timeline_come(rec, PAYLOCK_OPEN_AT, now)) {
            return problem_set(p, STATUS_USAGE, "plan",
                               "plan without --until, or \"reset\" the host "
                               "first",
                               "\"%s\" was opened by its record, which cannot "
                               "hold a second opening", f->host);
        }

        change_time(f, PAYLOCK_LOCK_AT, lock->at);

        return STATUS_DONE;
    }

    if (!lock->until && paylock_record_has(rec, PAYLOCK_OPEN_AT)
        && rec->time[PAYLOCK_OPEN_AT] > now
        && rec->time[PAYLOCK_OPEN_AT] <= lock->at)
    {
        return problem_set(p, STATUS_USAGE, "plan",
                           "give --until to keep it locked longer, or plan "
                           "the next lock once it is open",
                           "\"%s\" is locked and opens before that; its record "
                           "cannot hold a second lock", f->host);
    }

    return STATUS_DONE;
}


/* What was said of a case that is closed does not belong to the next one. */

static int
lock_texts(flips_t *fs, flip_t *f, const lock_t *lock, int same_case)
{
    if (!same_case) {
        change_drop(f, "reason");
        change_drop(f, "invoice");
    }

    change_text(f, "reason", lock->reason);
    change_text(f, "invoice", lock->invoice);
    change_text(f, "ref", lock->ref);

    return json_object_get(f->after, "ref") ? STATUS_DONE : lock_ref(fs, f);
}


static int
lock_ref(flips_t *fs, flip_t *f)
{
    size_t         i;
    char           ref[] = "PL-xxxxxx";
    unsigned char  dice[6];

    static const char  crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    if (getrandom(dice, sizeof(dice), 0) != sizeof(dice)) {
        return problem_set(&fs->admin->problem, STATUS_FAILED, "random", NULL,
                           "the system gives no random numbers");
    }

    for (i = 0; i < sizeof(dice); i++) {
        ref[3 + i] = crockford[dice[i] % 32];
    }

    change_text(f, "ref", ref);

    return STATUS_DONE;
}
