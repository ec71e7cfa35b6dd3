
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>
#include <time.h>

#include "change/lock.h"
#include "cli/arguments.h"
#include "cli/change_run.h"
#include "commands.h"


static int lock_options(admin_t *a, change_lock_t *lock);
static int lock_times(admin_t *a, change_lock_t *lock);
static int lock_order(admin_t *a, const change_lock_t *lock);


/* in the order in which they must come */

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


int
cmd_lock(admin_t *a)
{
    int            status;
    change_run_t   run;
    change_lock_t  lock;

    status = lock_options(a, &lock);

    if (status != STATUS_DONE) {
        return status;
    }

    memset(&run, 0, sizeof(change_run_t));

    run.a = a;
    run.kind = change_lock_kind(&lock);
    run.args = &lock;
    run.plans = a->opt[OPT_AT] || a->opt[OPT_NOTICE] || a->opt[OPT_READONLY];

    return change_run(&run);
}


static int
lock_options(admin_t *a, change_lock_t *lock)
{
    memset(lock, 0, sizeof(change_lock_t));

    lock->now = (uint32_t) time(NULL);

    if (lock_times(a, lock) != STATUS_DONE
        || lock_order(a, lock) != STATUS_DONE
        || arguments_case(a, lock->text) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    lock->ref = a->opt[OPT_REF];

    if (lock->ref && !paylock_ref_check(lock->ref, strlen(lock->ref))) {
        return error_set(&a->ctl->error, STATUS_USAGE, "ref",
                         "give 1 to 16 of A-Z, a-z, 0-9, \".\", \"_\" and "
                         "\"-\"", "the value of --ref is no reference");
    }

    return STATUS_DONE;
}


static int
lock_times(admin_t *a, change_lock_t *lock)
{
    size_t          i;
    option_e        option;
    paylock_time_e  t;

    for (i = 0; i < LOCK_TIMES; i++) {
        t = lock_stages[i].time;
        option = lock_stages[i].option;
        lock->time[t] = lock->now;

        if (arguments_time(a, option, lock->now, &lock->time[t])
            != STATUS_DONE)
        {
            return a->ctl->error.status;
        }

        if (a->opt[option]
            || (option == OPT_AT && a->opt[OPT_NOTICE] == NULL
                && a->opt[OPT_READONLY] == NULL))
        {
            lock->given |= CHANGE_BIT(t);

            if (lock->time[t] <= lock->now) {
                lock->immediate |= CHANGE_BIT(t);
            }
        }
    }

    return STATUS_DONE;
}


static int
lock_order(admin_t *a, const change_lock_t *lock)
{
    size_t          i;
    uint32_t        last;
    option_e        before;
    paylock_time_e  t;

    if (lock->immediate & CHANGE_BIT(PAYLOCK_OPEN_AT)) {
        return error_set(&a->ctl->error, STATUS_USAGE, "time",
                         "give --until a later time than now",
                         "the time of --until has passed");
    }

    last = 0;
    before = OPT_N;

    for (i = 0; i < LOCK_TIMES; i++) {
        t = lock_stages[i].time;

        if (!(lock->given & CHANGE_BIT(t))) {
            continue;
        }

        if (before != OPT_N
            && (lock->time[t] < last
                || (t == PAYLOCK_OPEN_AT && lock->time[t] == last)))
        {
            return error_set(&a->ctl->error, STATUS_USAGE, "time",
                             "the order is --notice, --readonly, --at, and "
                             "then --until",
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
