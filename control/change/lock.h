
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The change "lock": sites are closed now, or at a time.
 */


#ifndef _LOCK_H_INCLUDED_
#define _LOCK_H_INCLUDED_


#include "change/change_batch.h"


typedef struct {
    uint32_t     now;                  /* time of the request */
    uint32_t     time[PAYLOCK_TIMES];  /* Unix seconds, where given */
    unsigned     given;                /* CHANGE_BIT() each */
    unsigned     immediate;            /* of those, not later than now */
    const char  *ref;                  /* NULL: kept, or made */
    const char  *text[PAYLOCK_AUDIT_FIELDS];   /* see change_ops.h */
} change_lock_t;


/* Returns the kind for a batch; its args are the change_lock_t. */

const change_kind_t *change_lock_kind(const change_lock_t *lock);

/*
 * lock_fits.c: would the new record open the host, or its "www." name, that the
 * record of another name closes?  Returns a status.
 */

int change_lock_fits(change_batch_t *b, const change_t *ch);


#endif /* _LOCK_H_INCLUDED_ */
