
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Who vouches for all records?  A root counts by itself if its signer may
 * adopt, or if it is that of an init.  That of another signer counts only if
 * the records follow, entry by entry, from those of such a root.  The rule is
 * written down in docs/audit-format.md, "Which root counts".
 */


#ifndef _PAYLOCK_VOUCH_H_INCLUDED_
#define _PAYLOCK_VOUCH_H_INCLUDED_


#include "paylock_lattice.h"
#include "paylock_verify.h"


typedef struct {
    paylock_verify_t          v;       /* v.fault: what is wrong */
    paylock_lattice_ctx_t    *ctx;

    uint64_t                  seq;     /* the next entry on the way back */
    char                      hash[PAYLOCK_HASH_LEN + 1];
    const paylock_signer_t   *signer;  /* whose signature covers it */

    /* what takes the entries so far out of a lattice */

    paylock_lattice_t         undo;

    uint64_t                  base;    /* whose root counts; 0: not known */
    char                      base_hash[PAYLOCK_HASH_LEN + 1];
    char                      root[PAYLOCK_HASH_LEN + 1];
} paylock_vouch_t;


/* Does the root of this entry, which is good, count by itself? */

int paylock_vouch_begins(const paylock_signers_t *signers,
    const paylock_entry_t *e);

/*
 * Begins a walk back from the entry seq; what is given must outlive it.  The
 * caller calls paylock_vouch_free().
 */

void paylock_vouch_begin(paylock_vouch_t *u, paylock_lattice_ctx_t *ctx,
    const char *chain, const char *realm, const paylock_signers_t *signers,
    uint64_t seq, const char hash[PAYLOCK_HASH_LEN]);
void paylock_vouch_free(paylock_vouch_t *u);

/* The root of that entry counts, too.  seq 0: none. */

void paylock_vouch_known(paylock_vouch_t *u, uint64_t seq,
    const char hash[PAYLOCK_HASH_LEN], const char root[PAYLOCK_HASH_LEN]);

/*
 * Takes the entry u->seq, the newest first.  Returns 1: go on with u->seq; 0:
 * this is the one whose root counts; or -1, with u->v.fault set.
 */

int paylock_vouch_back(paylock_vouch_t *u, const paylock_entry_t *e);

/*
 * After the walk: takes an entry behind its beginning, which is verified and
 * covered by a signature, in the order of the trail.  Returns 0, or -1 with
 * u->v.fault set.
 */

int paylock_vouch_on(paylock_vouch_t *u, const paylock_entry_t *e);

/*
 * After the walk: do the records of this lattice follow?  1 yes, 0 no, -1 if
 * the crypto library fails.
 */

int paylock_vouch_fits(const paylock_vouch_t *u, const paylock_lattice_t *l);


#endif /* _PAYLOCK_VOUCH_H_INCLUDED_ */
