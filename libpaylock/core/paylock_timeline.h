
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Timelines: which stage a record puts its host in at a given moment.
 */


#ifndef _PAYLOCK_TIMELINE_H_INCLUDED_
#define _PAYLOCK_TIMELINE_H_INCLUDED_


#include <stdint.h>

#include "paylock_record.h"


typedef enum {
    PAYLOCK_OPEN = 0,
    PAYLOCK_NOTICE,
    PAYLOCK_READONLY,
    PAYLOCK_LOCKED
} paylock_stage_e;


extern const char *const  paylock_stage_names[PAYLOCK_LOCKED + 1];


/*
 * Has this time of the record come at now (Unix seconds)?  A time not later
 * than "at" has, whatever now is; a time that is not set has not.
 */

int paylock_timeline_come(const paylock_record_t *rec, paylock_time_e t,
    uint32_t now);

/*
 * The stage in force at now: the strictest of the base (open if open_at has
 * come, else def) and of those of notice, readonly and lock whose time has
 * come and is not before an open_at that has come.
 */

paylock_stage_e paylock_timeline_stage(const paylock_record_t *rec,
    uint32_t now, paylock_stage_e def);

/*
 * The first moment after now at which the stage becomes another one, and
 * that stage.  Returns 0 if none is planned.
 */

int paylock_timeline_next(const paylock_record_t *rec, uint32_t now,
    paylock_stage_e def, uint32_t *when, paylock_stage_e *stage);

/*
 * The moment since which the stage in force at now has held.  Returns 0 if
 * the record does not tell: the stage is the default's, or the record is a
 * bare value.
 */

int paylock_timeline_since(const paylock_record_t *rec, uint32_t now,
    paylock_stage_e def, uint32_t *since);


/*
 * Sets of defaults (1 << PAYLOCK_OPEN and 1 << PAYLOCK_LOCKED): for which of
 * them does the record close its host, that is, make it read-only or locked;
 * now, and now or later?  With NULL, or a record without any stage's time, the
 * default decides.
 */

unsigned paylock_timeline_closed(const paylock_record_t *rec, uint32_t now,
    unsigned defaults);
unsigned paylock_timeline_closes(const paylock_record_t *rec, uint32_t now,
    unsigned defaults);

/*
 * From that moment on, is the host by one record less strict than by the other,
 * or stricter, for one of these defaults at some time?
 */

#define PAYLOCK_TIMELINE_LOOSER    0x01
#define PAYLOCK_TIMELINE_STRICTER  0x02

unsigned paylock_timeline_differs(const paylock_record_t *before,
    const paylock_record_t *after, uint32_t from, unsigned defaults);

/*
 * The order in which changes of several records take effect, so that a host
 * that is closed before and after all of them is never open in between: first
 * the changes that cannot open a host.  NULL is no record, and so is one
 * without any stage's time.
 */

typedef enum {
    PAYLOCK_ORDER_FIRST = 0,
    PAYLOCK_ORDER_NEXT,
    PAYLOCK_ORDER_LAST
} paylock_order_e;

paylock_order_e paylock_timeline_order(const paylock_record_t *before,
    const paylock_record_t *after, uint32_t now, unsigned defaults);


#endif /* _PAYLOCK_TIMELINE_H_INCLUDED_ */
