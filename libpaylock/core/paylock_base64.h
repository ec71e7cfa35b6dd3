
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Base64 (RFC 4648) without padding.
 */


#ifndef _PAYLOCK_BASE64_H_INCLUDED_
#define _PAYLOCK_BASE64_H_INCLUDED_


#include <stddef.h>


#define PAYLOCK_ALPHANUMERIC                                                  \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


/* the alphabets of sections 4 and 5 */

extern const char  paylock_base64[];
extern const char  paylock_base64url[];


/* Encodes data to dst, without a zero behind it.  Returns the length. */

size_t paylock_base64_encode(const unsigned char *data, size_t len,
    const char *alphabet, char *dst);

/*
 * Decodes text to at most size bytes.  Returns the length; 0 if it does not
 * fit, or is not what the encoder writes, so that nothing has two spellings.
 */

size_t paylock_base64_decode(const char *text, size_t len,
    const char *alphabet, unsigned char *dst, size_t size);


#endif /* _PAYLOCK_BASE64_H_INCLUDED_ */
