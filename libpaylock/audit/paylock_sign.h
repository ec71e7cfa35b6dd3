
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Ed25519 signatures (RFC 8032) of entries and checkpoints.  Public keys and
 * signatures are lower-case hex digits.
 */


#ifndef _PAYLOCK_SIGN_H_INCLUDED_
#define _PAYLOCK_SIGN_H_INCLUDED_


#include <stddef.h>

#include <openssl/evp.h>

#include "paylock_audit.h"


/* the signed text of an entry: this, its hash and a line feed */

#define PAYLOCK_SIGN_ENTRY      "paylock audit signature 1\nhash "
#define PAYLOCK_SIGN_ENTRY_LEN                                                \
    (sizeof(PAYLOCK_SIGN_ENTRY) + PAYLOCK_HASH_LEN)


/* The text to sign for the entry of that hash, without a zero. */

void paylock_sign_entry(const char *hash, char text[PAYLOCK_SIGN_ENTRY_LEN]);

/* The public half of a key; 0, or -1 if it is no Ed25519 key. */

int paylock_sign_public(EVP_PKEY *key, char hex[PAYLOCK_KEY_LEN + 1]);

/* Signs; 0, or -1 if the crypto library fails. */

int paylock_sign(EVP_PKEY *key, const char *text, size_t len,
    char sig[PAYLOCK_SIG_LEN + 1]);

/*
 * The public key of these hex digits, to be freed by EVP_PKEY_free(); NULL if
 * they are none.
 */

EVP_PKEY *paylock_sign_key(const char hex[PAYLOCK_KEY_LEN]);

/* Is it the key's signature of the text?  1 yes, 0 no. */

int paylock_sign_check(EVP_PKEY *key, const char *text, size_t len,
    const char sig[PAYLOCK_SIG_LEN]);


#endif /* _PAYLOCK_SIGN_H_INCLUDED_ */
