
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include <openssl/bn.h>

#include "paylock_key_check.h"


#define PAYLOCK_KEY_BYTES  32
#define PAYLOCK_KEY_SIGN   0x80        /* of x, in the last byte */

/* RFC 8032, section 5.1: the prime and the constant of the curve */

#define PAYLOCK_KEY_P                                                         \
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"
#define PAYLOCK_KEY_D                                                         \
    "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3"


static int paylock_key_canonical(const unsigned char *y);
static int paylock_key_small(const unsigned char *y);
static int paylock_key_point(const unsigned char *y);
static int paylock_key_square(BN_CTX *ctx, const unsigned char *y);


/*
 * The y of the eight points of small order, little endian: of 0 and of those
 * of order 8 there are two each, which differ in the sign of x.  x is 0 where
 * y is 1 or -1, so the sign must not be set there: without it these are the
 * encodings of which RFC 8032, section 5.1.3, lets no other decode.  The same
 * list is in libsodium, ge25519_has_small_order().
 */

static const unsigned char
    paylock_key_smalls[][PAYLOCK_KEY_BYTES] = {
    { 0x00 },
    { 0x01 },
    { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0,
      0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
      0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39,
      0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
    { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f,
      0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
      0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6,
      0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
    { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f }
};


const char *
paylock_key_check(EVP_PKEY *public)
{
    int            point;
    size_t         len;
    unsigned char  y[PAYLOCK_KEY_BYTES];

    len = sizeof(y);

    if (EVP_PKEY_id(public) != EVP_PKEY_ED25519
        || EVP_PKEY_get_raw_public_key(public, y, &len) != 1
        || len != sizeof(y))
    {
        return "is not an Ed25519 key";
    }

    y[PAYLOCK_KEY_BYTES - 1] &= (unsigned char) ~PAYLOCK_KEY_SIGN;

    if (!paylock_key_canonical(y)) {
        return "is not written in the only way that RFC 8032 allows";
    }

    if (paylock_key_small(y)) {
        return "is of small order: anybody could sign for it";
    }

    point = paylock_key_point(y);

    return point == 1 ? NULL
           : point == 0 ? "is mistyped: there is no such Ed25519 key"
                        : "cannot be checked: out of memory";
}


/* Is y below the prime? */

static int
paylock_key_canonical(const unsigned char *y)
{
    size_t  i;

    if (y[PAYLOCK_KEY_BYTES - 1] != 0x7f) {
        return 1;
    }

    for (i = PAYLOCK_KEY_BYTES - 2; i > 0; i--) {
        if (y[i] != 0xff) {
            return 1;
        }
    }

    return y[0] < 0xed;
}


static int
paylock_key_small(const unsigned char *y)
{
    size_t  i;

    for (i = 0; i < sizeof(paylock_key_smalls) / PAYLOCK_KEY_BYTES; i++) {
        if (memcmp(y, paylock_key_smalls[i], PAYLOCK_KEY_BYTES) == 0) {
            return 1;
        }
    }

    return 0;
}


/* Has the curve a point with that y?  1 yes, 0 no, -1 out of memory. */

static int
paylock_key_point(const unsigned char *y)
{
    int      square;
    BN_CTX  *ctx;

    ctx = BN_CTX_new();

    if (ctx == NULL) {
        return -1;
    }

    BN_CTX_start(ctx);
    square = paylock_key_square(ctx, y);
    BN_CTX_end(ctx);

    BN_CTX_free(ctx);

    return square;
}


/* x^2 = (y^2 - 1) / (d y^2 + 1) is a square if their product is one. */

static int
paylock_key_square(BN_CTX *ctx, const unsigned char *y)
{
    int      symbol;
    BIGNUM  *p, *d, *u, *v;

    p = BN_CTX_get(ctx);
    d = BN_CTX_get(ctx);
    u = BN_CTX_get(ctx);
    v = BN_CTX_get(ctx);

    if (v == NULL
        || BN_hex2bn(&p, PAYLOCK_KEY_P) == 0
        || BN_hex2bn(&d, PAYLOCK_KEY_D) == 0
        || BN_lebin2bn(y, PAYLOCK_KEY_BYTES, u) == NULL
        || BN_mod_sqr(u, u, p, ctx) != 1
        || BN_mod_mul(v, d, u, p, ctx) != 1
        || BN_add_word(v, 1) != 1
        || BN_sub_word(u, 1) != 1
        || BN_mod_mul(u, u, v, p, ctx) != 1)
    {
        return -1;
    }

    symbol = BN_kronecker(u, p, ctx);

    return symbol == 1 ? 1 : symbol == -2 ? -1 : 0;
}
