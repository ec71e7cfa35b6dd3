
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Which keys may sign.  ctl->trust is the audit trail as this machine has
 * verified it, up to the head that it remembers.  Its genesis (the first key)
 * is empty if the trail is not signed, or not known to be.
 */


#ifndef _TRUST_H_INCLUDED_
#define _TRUST_H_INCLUDED_


#include "paylock_verify.h"
#include "trail/head.h"
#include "trail/known_head.h"


/* Called for each good entry. */

typedef void (*trust_each_pt)(void *data, const paylock_entry_t *e);

/*
 * Verifies the entries after v->seq, up to seq "last" (0: all).  A well signed
 * "adopt" excuses the faults before it; v->fault is a fault that remains.
 * Returns a status, which is not STATUS_DONE only if Redis fails.
 */

int trust_walk(control_t *ctl, paylock_verify_t *v, uint64_t last,
    trust_each_pt each, void *data);

/* Loads the operator's key; fails if the trail is signed and there is none. */

int trust_signer(control_t *ctl);

/*
 * trust_follow() verifies the entries since the remembered head, because the
 * next signature covers them too, and then calls trust_counts(), which fails if
 * the operator's key is not trusted by the trail.  Return a status.
 */

int trust_follow(control_t *ctl, const stream_t *s);
int trust_counts(control_t *ctl);

/*
 * Learns from the stream which key was the first to sign it, which a person
 * must confirm; trust_text() writes that for the question.
 */

#define TRUST_TEXT  160

int trust_learn(control_t *ctl, const stream_t *s);
void trust_text(const control_t *ctl, char text[TRUST_TEXT]);

/* Notes that ctl->signer signs the trail from this head on. */

int trust_begin(control_t *ctl, const head_t *head);

/* Note that a head was verified or written here; that it is an adopt's. */

void trust_at(control_t *ctl, const head_t *head);
int trust_adopted(control_t *ctl, const head_t *head);

/* Moves the state of another verifier, with its keys, to ctl->trust. */

void trust_take(control_t *ctl, paylock_verify_t *v);

/* Warns if the trail is not signed. */

void trust_warn(const control_t *ctl);


#endif /* _TRUST_H_INCLUDED_ */
