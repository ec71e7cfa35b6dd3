
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The way back from the verified head, over the hashes that it covers.  A
 * signature alone does not tell that an entry is in its place: whoever has a
 * key with limits, or one that is revoked, can sign another one for it.
 */


#ifndef _TRUST_WAY_H_INCLUDED_
#define _TRUST_WAY_H_INCLUDED_


#include "context/control.h"
#include "paylock_audit.h"


typedef enum {
    TRUST_WAY_FAR = -1,                /* it is too far away to tell */
    TRUST_WAY_OFF,                     /* another one belongs there */
    TRUST_WAY_ON
} trust_way_e;


/* Walks back to the entry seq, but not for ever.  Returns a status. */

int trust_way(control_t *ctl, uint64_t seq);

/* Then: is that entry, whose hash is that of its contents, on the way? */

trust_way_e trust_way_has(const control_t *ctl, const paylock_entry_t *e);

void trust_way_free(way_t *way);

/* Can nobody else have signed it: has its signer no limits, and no end? */

int trust_way_sure(const control_t *ctl, const paylock_entry_t *e);

/* A step back, at the entry e. */

trust_way_e trust_way_step(way_at_t *at, const paylock_entry_t *e);


#endif /* _TRUST_WAY_H_INCLUDED_ */
