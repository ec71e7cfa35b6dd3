
/*
 * Copyright (C) 2026 paylock contributors
 *
 * How far somebody has followed the audit trail.
 */


#ifndef _PAYLOCK_POSITION_H_INCLUDED_
#define _PAYLOCK_POSITION_H_INCLUDED_


#include <stdint.h>

#include "paylock_audit.h"


/* an entry of the chain; seq is 0 if there is none */

typedef struct {
    uint64_t            seq;
    uint64_t            time;          /* Unix milliseconds */
    char                chain[PAYLOCK_CHAIN_LEN];
    char                hash[PAYLOCK_HASH_LEN];
    char                prev[PAYLOCK_HASH_LEN];
} paylock_position_t;


/*
 * Is what stands at a ahead of what stands at b?  In one chain the numbers
 * tell; of two chains the one that was written to last is ahead.
 */

int paylock_position_ahead(const paylock_position_t *a,
    const paylock_position_t *b);


#endif /* _PAYLOCK_POSITION_H_INCLUDED_ */
