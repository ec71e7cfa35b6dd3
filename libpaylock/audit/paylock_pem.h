
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Key files: Ed25519 keys as PEM.
 */


#ifndef _PAYLOCK_PEM_H_INCLUDED_
#define _PAYLOCK_PEM_H_INCLUDED_


#include <stddef.h>

#include <openssl/evp.h>


/* Does the private key need a passphrase? */

int paylock_pem_encrypted(const char *text, size_t len);

/*
 * The private key, to be freed by EVP_PKEY_free(), of whatever kind it is;
 * secret is its passphrase, NULL if there is none.  NULL if there is no key,
 * or the passphrase does not open it.
 */

EVP_PKEY *paylock_pem_private(const char *text, size_t len,
    const char *secret);

/* The same for a public key. */

EVP_PKEY *paylock_pem_public(const char *text, size_t len);


#endif /* _PAYLOCK_PEM_H_INCLUDED_ */
