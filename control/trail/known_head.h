
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What this machine remembers of an audit trail: the chain's id and the last
 * head seen, so that a Redis that lost its data is noticed; the key that began
 * to sign it, and those that count at that head.
 */


#ifndef _KNOWN_HEAD_H_INCLUDED_
#define _KNOWN_HEAD_H_INCLUDED_


#include "context/control.h"
#include "paylock_audit.h"


/* A head: the last entry of a chain; seq 0 where there is none. */

typedef struct {
    uint64_t  seq;
    char      chain[PAYLOCK_CHAIN_LEN + 1];
    char      hash[PAYLOCK_HASH_LEN + 1];
} head_t;


/* Reads what is remembered of the Redis and prefix set, to a->trust as well. */

int known_head_load(control_t *ctl, head_t *known);

/* Can a head be remembered?  Makes the directory. */

int known_head_check(control_t *ctl);

/*
 * Remembers a head, up to which a->trust is verified, unless a later one of
 * this chain is remembered.
 */

int known_head_save(control_t *ctl, const head_t *head);


#endif /* _KNOWN_HEAD_H_INCLUDED_ */
