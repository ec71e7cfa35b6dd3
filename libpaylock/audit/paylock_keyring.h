
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The keys of a trail: since when each counts, until when, and how many
 * entries carry it.
 */


#ifndef _PAYLOCK_KEYRING_H_INCLUDED_
#define _PAYLOCK_KEYRING_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "paylock_audit.h"


typedef struct {
    char       hex[PAYLOCK_KEY_LEN + 1];
    EVP_PKEY  *key;
    uint64_t   added;                  /* by the entry of this seq */
    uint64_t   revoked;                /* by the entry of this seq; 0: not */
    uint64_t   entries;                /* how many carry it */
} paylock_key_t;


typedef struct {
    paylock_key_t  *key;
    size_t          n;
} paylock_keyring_t;


/* The key of these hex digits, NULL if it was never added. */

paylock_key_t *paylock_keyring_find(const paylock_keyring_t *ring,
    const char hex[PAYLOCK_KEY_LEN]);

/*
 * Lets a key count from entry seq on, unless it counts already.  Returns it,
 * which may move the others; NULL when out of memory.
 */

paylock_key_t *paylock_keyring_add(paylock_keyring_t *ring,
    const char hex[PAYLOCK_KEY_LEN], uint64_t seq);

void paylock_keyring_free(paylock_keyring_t *ring);


#endif /* _PAYLOCK_KEYRING_H_INCLUDED_ */
