
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The keys that a trail names, and how many entries carry each.
 */


#ifndef _PAYLOCK_KEYRING_H_INCLUDED_
#define _PAYLOCK_KEYRING_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "paylock_audit.h"
#include "paylock_signers.h"


#define PAYLOCK_KEYS  1000             /* of a trail, at most */


typedef struct {
    char                     hex[PAYLOCK_KEY_LEN + 1];
    EVP_PKEY                *key;
    const paylock_signer_t  *signer;   /* NULL: no signers are known */
    uint64_t                 first;    /* seq of the first that carries it */
    uint64_t                 entries;  /* how many carry it */
} paylock_key_t;


typedef struct {
    paylock_key_t  *key;
    size_t          n;
} paylock_keyring_t;


/* The key of these hex digits, NULL if it is not there. */

paylock_key_t *paylock_keyring_find(const paylock_keyring_t *ring,
    const char hex[PAYLOCK_KEY_LEN]);

/*
 * Adds a key, which is not there yet, of a signer or NULL.  Returns it, which
 * may move the others; NULL when out of memory, or if there are PAYLOCK_KEYS.
 */

paylock_key_t *paylock_keyring_add(paylock_keyring_t *ring,
    const char hex[PAYLOCK_KEY_LEN], const paylock_signer_t *signer);

void paylock_keyring_free(paylock_keyring_t *ring);


#endif /* _PAYLOCK_KEYRING_H_INCLUDED_ */
