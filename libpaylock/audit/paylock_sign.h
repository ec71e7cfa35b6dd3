
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Ed25519 signatures (RFC 8032) of entries and checkpoints.  Public keys and
 * signatures are lower-case hex digits.  What is signed in one realm is worth
 * nothing in another.
 */


#ifndef _PAYLOCK_SIGN_H_INCLUDED_
#define _PAYLOCK_SIGN_H_INCLUDED_


#include <stddef.h>

#include <openssl/evp.h>

#include "paylock_audit.h"


#define PAYLOCK_REALM      "-"         /* if none is named */
#define PAYLOCK_REALM_MAX  64          /* bytes */

#define PAYLOCK_SIGN_TEXT  512         /* bytes of a text, and a zero */


/*
 * The text to sign for an entry: its realm, its hash, and the root of the
 * records after it, in hex digits.  Returns the length of the text.
 */

size_t paylock_sign_entry(const char *realm,
    const char hash[PAYLOCK_HASH_LEN], const char root[PAYLOCK_HASH_LEN],
    char text[PAYLOCK_SIGN_TEXT]);

/*
 * Is it the name of a realm: 1 to 64 letters, digits, ".", "_" and "-"?
 * 1 yes, 0 no.
 */

int paylock_realm_check(const char *realm);

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
