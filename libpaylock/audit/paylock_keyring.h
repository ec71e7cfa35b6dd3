
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The keys of a trail: which count, since when, and what each has signed.
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
    uint64_t   added;                  /* by this entry */
    uint64_t   revoked;                /* by this entry; 0: it counts */
    uint64_t   entries;                /* that carry it */
} paylock_key_t;


typedef struct {
    paylock_key_t  *key;
    size_t          n;
} paylock_keyring_t;


/* The key of these hex digits, NULL if it was never added. */

paylock_key_t *paylock_keyring_find(const paylock_keyring_t *ring,
    const char hex[PAYLOCK_KEY_LEN]);

/*
 * Makes a key count from the entry seq on, unless it does.  Returns it, NULL
 * when out of memory.
 */

paylock_key_t *paylock_keyring_add(paylock_keyring_t *ring,
    const char hex[PAYLOCK_KEY_LEN], uint64_t seq);

void paylock_keyring_free(paylock_keyring_t *ring);


#endif /* _PAYLOCK_KEYRING_H_INCLUDED_ */
