
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What this machine remembers of an audit trail, so that it notices a Redis
 * that lost its data: the chain's id and the last head seen, by which signers
 * file, in which realm, it was verified, and what was given up before it.
 */


#ifndef _KNOWN_HEAD_H_INCLUDED_
#define _KNOWN_HEAD_H_INCLUDED_


#include "context/control.h"
#include "paylock_audit.h"


/* A head: the last entry of a chain; seq 0: none. */

typedef struct {
    uint64_t  seq;
    char      chain[PAYLOCK_CHAIN_LEN + 1];
    char      hash[PAYLOCK_HASH_LEN + 1];
    char      root[PAYLOCK_HASH_LEN + 1];      /* "": it is not signed */
    char      skip[PAYLOCK_HASH_LEN + 1];      /* "": not known here */
} head_t;


/*
 * Loads the signers file, unless it is there, and the head that is remembered
 * for the Redis and prefix of the settings.  Begins ctl->trust: at that head,
 * if it was verified by the same signers; else before the first entry.  Returns
 * a status.
 */

int known_head_load(control_t *ctl, head_t *known);

/* Creates the directory and checks that it is writable.  Returns a status. */

int known_head_check(control_t *ctl);

/*
 * Remembers a head, up to which ctl->trust is verified, unless a later one of
 * this chain is remembered already.  Returns a status.
 */

int known_head_save(control_t *ctl, const head_t *head);


#endif /* _KNOWN_HEAD_H_INCLUDED_ */
