
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdint.h>
#include <string.h>

#include "paylock_base64.h"


const char  paylock_base64[] = PAYLOCK_ALPHANUMERIC "+/";
const char  paylock_base64url[] = PAYLOCK_ALPHANUMERIC "-_";


size_t
paylock_base64_encode(const unsigned char *data, size_t len,
    const char *alphabet, char *dst)
{
    size_t    i, bits;
    char     *p;
    uint32_t  group;

    p = dst;
    group = 0;
    bits = 0;

    for (i = 0; i < len; i++) {
        group = (group << 8 | data[i]) & 0xffff;

        for (bits += 8; bits >= 6; bits -= 6) {
            *p++ = alphabet[group >> (bits - 6) & 63];
        }
    }

    if (bits) {
        *p++ = alphabet[group << (6 - bits) & 63];
    }

    return (size_t) (p - dst);
}


size_t
paylock_base64_decode(const char *text, size_t len, const char *alphabet,
    unsigned char *dst, size_t size)
{
    size_t       i, n, bits;
    uint32_t     group;
    const char  *digit;

    group = 0;
    bits = 0;
    n = 0;

    for (i = 0; i < len; i++) {
        digit = memchr(alphabet, text[i], 64);

        if (digit == NULL) {
            return 0;
        }

        group = (group << 6 | (uint32_t) (digit - alphabet)) & 0xffff;
        bits += 6;

        if (bits >= 8) {
            bits -= 8;

            if (n == size) {
                return 0;
            }

            dst[n++] = (unsigned char) (group >> bits);
        }
    }

    return bits < 6 && (group & ((1u << bits) - 1)) == 0 ? n : 0;
}
