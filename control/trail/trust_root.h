
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Whose root is believed: that of a signer who may adopt, or that of the head
 * that this machine has verified.  What others have signed since must follow
 * from it, entry by entry.
 */


#ifndef _TRUST_ROOT_H_INCLUDED_
#define _TRUST_ROOT_H_INCLUDED_


#include "paylock_vouch.h"
#include "trail/head.h"


/* Notes a good entry of the trail, and a head whose root is believed. */

void trust_root_note(control_t *ctl, const paylock_entry_t *e);
void trust_root_at(control_t *ctl, uint64_t seq,
    const char hash[PAYLOCK_HASH_LEN + 1],
    const char root[PAYLOCK_HASH_LEN + 1]);

/*
 * After trust_follow(): fails unless the root of the head may be believed;
 * with the code TRUST_ROOT_RACE if that cannot be told, as the head is another
 * one by now.  Returns a status.
 */

#define TRUST_ROOT_RACE  "race"

int trust_root(control_t *ctl, const stream_t *s);
int trust_root_raced(const control_t *ctl);

/*
 * Is this the lattice of the last entry of ctl->trust that is signed, and does
 * it follow from a root that is believed?  Returns a status.
 */

int trust_root_fits(control_t *ctl, const paylock_lattice_t *l, int *fits);


/* An entry on the way back. */

typedef struct {
    uint64_t       prior;
    unsigned char  before[PAYLOCK_PAIR];
    unsigned char  after[PAYLOCK_PAIR];
    unsigned       writes:1;
    unsigned       had:1;              /* there is a record before */
    unsigned       has:1;              /* ... after */
} trust_step_t;

int trust_step(control_t *ctl, const paylock_entry_t *e, trust_step_t *step);

/*
 * trust_prior.c: is the record before of each of these n entries, the newest
 * first, that of the host's entry before it?  They are those behind the entry
 * "base", up to the entry "head".  *proven is 0 also if it cannot be told.
 * Returns a status.
 */

int trust_prior(control_t *ctl, const trust_step_t *step, size_t n,
    uint64_t head, uint64_t base, int *proven);


#endif /* _TRUST_ROOT_H_INCLUDED_ */
