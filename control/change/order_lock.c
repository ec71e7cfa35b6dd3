
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "change/change_order.h"


static int lock_times(change_order_t *o);
static int lock_order(change_order_t *o);


/* in the order in which they must come */

static const struct {
    paylock_time_e  time;
    change_input_e  input;
} lock_stages[] = {
    { PAYLOCK_NOTICE_AT, CHANGE_INPUT_NOTICE },
    { PAYLOCK_READONLY_AT, CHANGE_INPUT_READONLY },
    { PAYLOCK_LOCK_AT, CHANGE_INPUT_AT },
    { PAYLOCK_OPEN_AT, CHANGE_INPUT_UNTIL }
};

#define LOCK_TIMES   (sizeof(lock_stages) / sizeof(lock_stages[0]))


int
change_order_lock(change_order_t *o)
{
    const char      **text;
    error_info_t     *error;
    change_lock_t    *lock;

    text = o->in.text;
    error = &o->ctl->error;
    lock = &o->lock;

    lock->now = o->in.now;

    if (lock_times(o) != STATUS_DONE
        || lock_order(o) != STATUS_DONE
        || change_input_case(error, &o->in, lock->text) != STATUS_DONE)
    {
        return error->status;
    }

    lock->ref = text[CHANGE_INPUT_REF];

    if (lock->ref && !paylock_ref_check(lock->ref, strlen(lock->ref))) {
        return error_set(error, STATUS_USAGE, "ref",
                         "give 1 to 16 of A-Z, a-z, 0-9, \".\", \"_\" and "
                         "\"-\"", "the value of --ref is no reference");
    }

    o->kind = change_lock_kind(lock);
    o->args = lock;
    o->plans = text[CHANGE_INPUT_AT] || text[CHANGE_INPUT_NOTICE]
               || text[CHANGE_INPUT_READONLY];

    return STATUS_DONE;
}


static int
lock_times(change_order_t *o)
{
    size_t           i;
    const char     **text;
    change_lock_t   *lock;
    change_input_e   input;
    paylock_time_e   t;

    text = o->in.text;
    lock = &o->lock;

    for (i = 0; i < LOCK_TIMES; i++) {
        t = lock_stages[i].time;
        input = lock_stages[i].input;
        lock->time[t] = lock->now;

        if (change_input_time(&o->ctl->error, &o->in, input, &lock->time[t])
            != STATUS_DONE)
        {
            return o->ctl->error.status;
        }

        if (text[input]
            || (input == CHANGE_INPUT_AT && text[CHANGE_INPUT_NOTICE] == NULL
                && text[CHANGE_INPUT_READONLY] == NULL))
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
lock_order(change_order_t *o)
{
    size_t           i;
    uint32_t         last;
    const char      *before;
    change_lock_t   *lock;
    paylock_time_e   t;

    lock = &o->lock;

    if (lock->immediate & CHANGE_BIT(PAYLOCK_OPEN_AT)) {
        return error_set(&o->ctl->error, STATUS_USAGE, "time",
                         "give --until a later time than now",
                         "the time of --until has passed");
    }

    last = 0;
    before = NULL;

    for (i = 0; i < LOCK_TIMES; i++) {
        t = lock_stages[i].time;

        if (!(lock->given & CHANGE_BIT(t))) {
            continue;
        }

        if (before
            && (lock->time[t] < last
                || (t == PAYLOCK_OPEN_AT && lock->time[t] == last)))
        {
            return error_set(&o->ctl->error, STATUS_USAGE, "time",
                             "the order is --notice, --readonly, --at, and "
                             "then --until",
                             "the time of --%s %s that of --%s",
                             change_input_names[lock_stages[i].input],
                             t == PAYLOCK_OPEN_AT ? "is not later than"
                                                  : "is earlier than",
                             before);
        }

        last = lock->time[t];
        before = change_input_names[lock_stages[i].input];
    }

    return STATUS_DONE;
}
