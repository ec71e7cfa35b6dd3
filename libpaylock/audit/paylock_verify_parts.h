
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the files of the verifier share.
 */


#ifndef _PAYLOCK_VERIFY_PARTS_H_INCLUDED_
#define _PAYLOCK_VERIFY_PARTS_H_INCLUDED_


#include "paylock_verify.h"


/* An entry as a link of the chain. */

typedef struct {
    uint64_t     seq;
    const char  *chain;
    const char  *prev;
    const char  *hash;
    unsigned     init:1;
    unsigned     adopt:1;
} paylock_link_t;


/* All of these return 0, or -1 with v->fault set. */

/* paylock_verify_sign.c: does the entry belong to the transaction under way? */

int paylock_verify_row(paylock_verify_t *v, const paylock_entry_t *e);

/* The key that the entry names; *key is NULL if it needs none. */

int paylock_verify_key(paylock_verify_t *v, const paylock_entry_t *e,
    paylock_key_t **key);

/* The key of these hex digits, unless it is unknown or revoked. */

int paylock_verify_usable(paylock_verify_t *v, uint64_t seq, const char *hex,
    paylock_key_t **key);

/* Is it the key's signature of the entry's hash? */

int paylock_verify_sig(paylock_verify_t *v, uint64_t seq, const char *hash,
    const paylock_key_t *key, const char *sig);

/* Adds or revokes the key that the entry says. */

int paylock_verify_ring(paylock_verify_t *v, const paylock_entry_t *e);

/* paylock_verify_witness.c: compares an entry with the witnesses. */

void paylock_verify_seen(paylock_verify_t *v, const paylock_link_t *l);


#endif /* _PAYLOCK_VERIFY_PARTS_H_INCLUDED_ */
