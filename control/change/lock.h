
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Sites are closed, now or at a time.
 */


#ifndef _LOCK_H_INCLUDED_
#define _LOCK_H_INCLUDED_


#include "change/change_batch.h"


typedef struct {
    uint32_t     now;                  /* when it was asked for */
    uint32_t     time[PAYLOCK_TIMES];  /* Unix seconds, of those given */
    unsigned     given;                /* CHANGE_BIT() each */
    unsigned     immediate;            /* of those given; not beyond now */
    const char  *ref;                  /* NULL: as it is, or made up */
    const char  *text[PAYLOCK_AUDIT_FIELDS];   /* see change_case_texts() */
} change_lock_t;


/* Which kind of change it is, for a batch whose args it becomes. */

const change_kind_t *change_lock_kind(const change_lock_t *lock);


#endif /* _LOCK_H_INCLUDED_ */
