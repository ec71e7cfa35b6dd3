
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Whose signatures count.  ctl->trust is the audit trail as this machine has
 * verified it.  Its signers are NULL if this machine has no signers file: then
 * what Redis says is in force.
 */


#ifndef _TRUST_H_INCLUDED_
#define _TRUST_H_INCLUDED_


#include "paylock_verify.h"
#include "trail/head.h"
#include "trail/known_head.h"
#include "trail/trust_root.h"


/* Called for each good entry. */

typedef void (*trust_each_pt)(void *data, const paylock_entry_t *e);

/*
 * Verifies the entries after v->seq, up to seq "last" (0: all).  An "adopt" of
 * a signer gives up the faults before it; v->fault is a fault that remains.
 * Returns a status, which is not STATUS_DONE only if Redis fails.
 */

int trust_walk(control_t *ctl, paylock_verify_t *v, uint64_t last,
    trust_each_pt each, void *data);

/* Loads the operator's key; fails if there are signers and there is none. */

int trust_signer(control_t *ctl);

/*
 * trust_follow() verifies what is not verified yet, because the next signature
 * covers it too.  trust_counts() fails if the operator's key would not count
 * for the next entry, or must not sign that action.  Return a status.
 */

int trust_follow(control_t *ctl, const stream_t *s);
int trust_counts(control_t *ctl, const char *action);

/*
 * Before an entry is written: fails if its records do not fit its action, or
 * if they do what the operator's key may not sign.  Returns a status.
 */

int trust_fits(control_t *ctl, const paylock_entry_t *e);

/* May the operator's key sign that action?  1 where there are no signers. */

int trust_may(const control_t *ctl, const char *action);

/*
 * Why may this signer not sign that entry?  A static text, of which the entry
 * is the subject; NULL: they may.
 */

const char *trust_unfit(const paylock_signer_t *signer,
    const paylock_entry_t *e);

/*
 * trust_entry.c: is this entry signed by a signer that counts, by itself or by
 * the last entry of its transaction, whatever stands in its place, and whether
 * or not it was given up?  Sets *counts.  Returns a status.
 */

int trust_entry_counts(control_t *ctl, const paylock_entry_t *e, int *counts);

/*
 * Verifies the whole trail, of which nothing is remembered.  A person must
 * confirm that it is the one meant; trust_text() writes for the question
 * whether it is signed.
 */

#define TRUST_TEXT  160

int trust_learn(control_t *ctl, const stream_t *s);
void trust_text(const control_t *ctl, char text[TRUST_TEXT]);

/* Sets the root of the head that was verified to the one that was signed. */

void trust_head(const control_t *ctl, head_t *head);

/* Notes that a head was verified or written here. */

void trust_at(control_t *ctl, const head_t *head);

/* Warns if there are no signers. */

void trust_warn(const control_t *ctl);


#endif /* _TRUST_H_INCLUDED_ */
