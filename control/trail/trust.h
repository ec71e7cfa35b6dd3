
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Who may sign: a->trust is the audit trail as this machine has verified it,
 * up to the head that it remembers.  Its genesis is empty where the trail is
 * not signed, or is not known to be.
 */


#ifndef _TRUST_H_INCLUDED_
#define _TRUST_H_INCLUDED_


#include "paylock_verify.h"
#include "trail/head.h"
#include "trail/known_head.h"


/* What is done with an entry that is as it should be. */

typedef void (*trust_each_pt)(void *data, const paylock_entry_t *e);

/*
 * Verifies what is behind v->seq, up to the entry last, 0 being all.  An
 * adopt that is well signed stands for what was wrong before it; v->fault says
 * what is wrong still.  Returns a status of the link.
 */

int trust_walk(control_t *ctl, paylock_verify_t *v, uint64_t last,
    trust_each_pt each, void *data);

/* Reads the operator's key, which must be there if the trail is signed. */

int trust_signer(control_t *ctl);

/*
 * Verifies what was added since the head that is remembered: what this key
 * signs next, it signs as well.  Then judges whether the key counts.
 */

int trust_follow(control_t *ctl, const stream_t *s);
int trust_counts(control_t *ctl);

/*
 * Takes from the stream which key began to sign it, which a person must
 * confirm; trust_text() says so, in as many bytes.
 */

#define TRUST_TEXT  160

int trust_learn(control_t *ctl, const stream_t *s);
void trust_text(const control_t *ctl, char text[TRUST_TEXT]);

/* The trail is signed from this head on, by a->signer. */

int trust_begin(control_t *ctl, const head_t *head);

/* The head is one that was verified, or written here; or is an adopt's. */

void trust_at(control_t *ctl, const head_t *head);
int trust_adopted(control_t *ctl, const head_t *head);

/* Takes over what another verifier knows, whose keys it has no more. */

void trust_take(control_t *ctl, paylock_verify_t *v);

/* Says that the trail is not signed, if that is so. */

void trust_warn(const control_t *ctl);


#endif /* _TRUST_H_INCLUDED_ */
