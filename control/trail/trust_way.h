
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The way back from the verified head, over the hashes that it covers: prev,
 * and skip, which leads far.  A signature alone does not tell that an entry is
 * in its place: whoever has a key with limits, or one that is revoked, can sign
 * another one for it.
 */


#ifndef _TRUST_WAY_H_INCLUDED_
#define _TRUST_WAY_H_INCLUDED_


#include "context/control.h"
#include "paylock_audit.h"


typedef enum {
    TRUST_WAY_FAR = -1,                /* no way to it was found */
    TRUST_WAY_OFF,                     /* another one belongs there */
    TRUST_WAY_ON
} trust_way_e;


/*
 * First come the entries by which the way is to lead, in any order; then it is
 * gone, and all of them are in ctl->way: those to which there is one.  Return a
 * status.
 */

int trust_way_by(control_t *ctl, uint64_t seq);
int trust_way_go(control_t *ctl);

/* Then: is that entry, as it is read, on the way? */

trust_way_e trust_way_has(const control_t *ctl, const paylock_entry_t *e);

void trust_way_free(way_t *way);

/* Can nobody else have signed it: has its signer no limits, and no end? */

int trust_way_sure(const control_t *ctl, const paylock_entry_t *e);

/* Did an adopt give up the entry of that number? */

int trust_way_given_up(const control_t *ctl, uint64_t seq);

/* A step back to the entry before, at the entry e. */

trust_way_e trust_way_step(way_at_t *at, const paylock_entry_t *e);


#endif /* _TRUST_WAY_H_INCLUDED_ */
