
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "paylock_timeline.h"


#define paylock_bit(t)  (1u << (t))

#define PAYLOCK_STAGES                                                        \
    (paylock_bit(PAYLOCK_OPEN_AT) | paylock_bit(PAYLOCK_NOTICE_AT)            \
     | paylock_bit(PAYLOCK_READONLY_AT) | paylock_bit(PAYLOCK_LOCK_AT))


/*
 * A set of times is an unsigned, 1 << paylock_time_e each, as in rec->set.
 */

static unsigned paylock_timeline_past(const paylock_record_t *rec,
    uint32_t now);
static unsigned paylock_timeline_first(const paylock_record_t *rec,
    unsigned times, uint32_t *when);
static int paylock_timeline_later(const paylock_record_t *rec, uint32_t now,
    uint32_t *next);
static paylock_stage_e paylock_timeline_judge(const paylock_record_t *rec,
    unsigned past, paylock_stage_e def, int *own);


const char *const  paylock_stage_names[PAYLOCK_LOCKED + 1] = {
    [PAYLOCK_OPEN] = "open",
    [PAYLOCK_NOTICE] = "notice",
    [PAYLOCK_READONLY] = "readonly",
    [PAYLOCK_LOCKED] = "locked"
};


int
paylock_timeline_come(const paylock_record_t *rec, paylock_time_e t,
    uint32_t now)
{
    if (!paylock_record_has(rec, t)) {
        return 0;
    }

    return rec->time[t] <= now
           || (paylock_record_has(rec, PAYLOCK_AT)
               && rec->time[t] <= rec->time[PAYLOCK_AT]);
}


paylock_stage_e
paylock_timeline_stage(const paylock_record_t *rec, uint32_t now,
    paylock_stage_e def)
{
    int  own;

    return paylock_timeline_judge(rec, paylock_timeline_past(rec, now), def,
                                  &own);
}


int
paylock_timeline_next(const paylock_record_t *rec, uint32_t now,
    paylock_stage_e def, uint32_t *when, paylock_stage_e *stage)
{
    int              own;
    unsigned         past, left;
    paylock_stage_e  current;

    past = paylock_timeline_past(rec, now);
    left = rec->set & PAYLOCK_STAGES & ~past;
    current = paylock_timeline_judge(rec, past, def, &own);

    while (left) {
        past |= paylock_timeline_first(rec, left, when);
        left &= ~past;

        *stage = paylock_timeline_judge(rec, past, def, &own);

        if (*stage != current) {
            return 1;
        }
    }

    return 0;
}


int
paylock_timeline_since(const paylock_record_t *rec, uint32_t now,
    paylock_stage_e def, uint32_t *since)
{
    int              own, owned;
    unsigned         past, left;
    uint32_t         when;
    paylock_stage_e  stage, current;

    past = 0;
    left = paylock_timeline_past(rec, now);
    current = def;
    owned = 0;
    *since = 0;

    while (left) {
        past |= paylock_timeline_first(rec, left, &when);
        left &= ~past;

        stage = paylock_timeline_judge(rec, past, def, &own);

        if (stage != current || own != owned) {
            *since = when;
        }

        current = stage;
        owned = own;
    }

    return owned && *since != 0;
}


unsigned
paylock_timeline_closed(const paylock_record_t *rec, uint32_t now,
    unsigned defaults)
{
    unsigned         closed;
    paylock_stage_e  def;

    if (rec == NULL || !paylock_record_says(rec)) {
        return defaults & paylock_bit(PAYLOCK_LOCKED);
    }

    for (closed = 0, def = PAYLOCK_OPEN; def <= PAYLOCK_LOCKED; def++) {
        if (defaults & paylock_bit(def)
            && paylock_timeline_stage(rec, now, def) >= PAYLOCK_READONLY)
        {
            closed |= paylock_bit(def);
        }
    }

    return closed;
}


unsigned
paylock_timeline_closes(const paylock_record_t *rec, uint32_t now,
    unsigned defaults)
{
    uint32_t         when;
    unsigned         closes;
    paylock_stage_e  def, stage;

    closes = paylock_timeline_closed(rec, now, defaults);

    if (rec == NULL) {
        return closes;
    }

    for (def = PAYLOCK_OPEN; def <= PAYLOCK_LOCKED; def++) {

        if (!(defaults & ~closes & paylock_bit(def))) {
            continue;
        }

        when = now;

        while (paylock_timeline_next(rec, when, def, &when, &stage)) {
            if (stage >= PAYLOCK_READONLY) {
                closes |= paylock_bit(def);
                break;
            }
        }
    }

    return closes;
}


unsigned
paylock_timeline_differs(const paylock_record_t *before,
    const paylock_record_t *after, uint32_t from, unsigned defaults)
{
    int              more;
    uint32_t         next;
    unsigned         differs;
    paylock_stage_e  def, was, is;

    differs = 0;

    do {
        for (def = PAYLOCK_OPEN; def <= PAYLOCK_LOCKED; def++) {

            if (!(defaults & paylock_bit(def))) {
                continue;
            }

            was = paylock_timeline_stage(before, from, def);
            is = paylock_timeline_stage(after, from, def);

            differs |= is < was ? PAYLOCK_TIMELINE_LOOSER : 0;
            differs |= is > was ? PAYLOCK_TIMELINE_STRICTER : 0;
        }

        next = UINT32_MAX;
        more = paylock_timeline_later(before, from, &next)
               | paylock_timeline_later(after, from, &next);
        from = next;

    } while (more);

    return differs;
}


/* Lowers *next to the first time of a stage after now, if there is one. */

static int
paylock_timeline_later(const paylock_record_t *rec, uint32_t now,
    uint32_t *next)
{
    int             later;
    paylock_time_e  t;

    later = 0;

    for (t = PAYLOCK_OPEN_AT; t <= PAYLOCK_LOCK_AT; t++) {

        if (paylock_record_has(rec, t) && rec->time[t] > now) {
            *next = rec->time[t] < *next ? rec->time[t] : *next;
            later = 1;
        }
    }

    return later;
}


/*
 * First, records come that close, and records go that do not: a host is then
 * held by what held it before, or closed.  Last, records come that open, and
 * records go that close.  A record may close on servers of one default and
 * open on those of the other: such ones come and go in between.
 */

paylock_order_e
paylock_timeline_order(const paylock_record_t *before,
    const paylock_record_t *after, uint32_t now, unsigned defaults)
{
    unsigned  was, is;

    was = paylock_timeline_closed(before, now, defaults);
    is = paylock_timeline_closed(after, now, defaults);

    if (before == NULL || !paylock_record_says(before)) {

        if (after == NULL || !paylock_record_says(after) || is == defaults) {
            return PAYLOCK_ORDER_FIRST;
        }

        return is ? PAYLOCK_ORDER_NEXT : PAYLOCK_ORDER_LAST;
    }

    if (after == NULL || !paylock_record_says(after)) {

        if (was == 0) {
            return PAYLOCK_ORDER_FIRST;
        }

        return was == defaults ? PAYLOCK_ORDER_LAST : PAYLOCK_ORDER_NEXT;
    }

    return was & ~is ? PAYLOCK_ORDER_LAST : PAYLOCK_ORDER_FIRST;
}


/* The set of times that have come. */

static unsigned
paylock_timeline_past(const paylock_record_t *rec, uint32_t now)
{
    unsigned        past;
    paylock_time_e  t;

    past = 0;

    for (t = PAYLOCK_OPEN_AT; t <= PAYLOCK_LOCK_AT; t++) {
        if (paylock_timeline_come(rec, t, now)) {
            past |= paylock_bit(t);
        }
    }

    return past;
}


/* The earliest of these times, several if they are equal; *when is theirs. */

static unsigned
paylock_timeline_first(const paylock_record_t *rec, unsigned times,
    uint32_t *when)
{
    unsigned        first;
    paylock_time_e  t;

    first = 0;
    *when = 0;

    for (t = PAYLOCK_OPEN_AT; t <= PAYLOCK_LOCK_AT; t++) {

        if (!(times & paylock_bit(t)) || (first && rec->time[t] > *when)) {
            continue;
        }

        if (first && rec->time[t] < *when) {
            first = 0;
        }

        *when = rec->time[t];
        first |= paylock_bit(t);
    }

    return first;
}


/* The stage once these times have come; *own: it is not the default's. */

static paylock_stage_e
paylock_timeline_judge(const paylock_record_t *rec, unsigned past,
    paylock_stage_e def, int *own)
{
    int              opened;
    size_t           i;
    paylock_stage_e  stage;

    static const paylock_time_e  times[] = {
        [PAYLOCK_NOTICE] = PAYLOCK_NOTICE_AT,
        [PAYLOCK_READONLY] = PAYLOCK_READONLY_AT,
        [PAYLOCK_LOCKED] = PAYLOCK_LOCK_AT
    };

    opened = (past & paylock_bit(PAYLOCK_OPEN_AT)) != 0;
    stage = opened ? PAYLOCK_OPEN : def;
    *own = opened;

    for (i = PAYLOCK_NOTICE; i <= PAYLOCK_LOCKED; i++) {

        if (!(past & paylock_bit(times[i]))
            || (opened && rec->time[times[i]] < rec->time[PAYLOCK_OPEN_AT])
            || i < stage)
        {
            continue;
        }

        stage = i;
        *own = 1;
    }

    return stage;
}
