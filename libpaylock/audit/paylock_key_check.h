
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Public keys that must not count: OpenSSL loads any 32 bytes as an Ed25519
 * key, and takes signatures that anybody can make for one of small order.
 */


#ifndef _PAYLOCK_KEY_CHECK_H_INCLUDED_
#define _PAYLOCK_KEY_CHECK_H_INCLUDED_


#include <openssl/evp.h>


/*
 * Returns NULL for a point of the curve, in the one encoding that RFC 8032
 * allows, that is not of small order; else why not, as a static text that fits
 * behind 'the key … '.
 */

const char *paylock_key_check(EVP_PKEY *public);


#endif /* _PAYLOCK_KEY_CHECK_H_INCLUDED_ */
