
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "paylock_sign.h"


#define PAYLOCK_SIGN_KEY  (PAYLOCK_KEY_LEN / 2)
#define PAYLOCK_SIGN_SIG  (PAYLOCK_SIG_LEN / 2)


static int paylock_sign_bytes(const char *hex, size_t n, unsigned char *bytes);
static int paylock_sign_digit(char c);


size_t
paylock_sign_entry(const char *realm, const char hash[PAYLOCK_HASH_LEN],
    const char root[PAYLOCK_HASH_LEN], char text[PAYLOCK_SIGN_TEXT])
{
    return (size_t) snprintf(text, PAYLOCK_SIGN_TEXT,
                             "paylock audit signature 2\nrealm %s\n"
                             "hash %.*s\nroot %.*s\n", realm,
                             PAYLOCK_HASH_LEN, hash, PAYLOCK_HASH_LEN, root);
}


int
paylock_realm_check(const char *realm)
{
    size_t  len;

    len = strspn(realm, "abcdefghijklmnopqrstuvwxyz"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    return len && len <= PAYLOCK_REALM_MAX && realm[len] == '\0';
}


int
paylock_sign_public(EVP_PKEY *key, char hex[PAYLOCK_KEY_LEN + 1])
{
    size_t         len;
    unsigned char  raw[PAYLOCK_SIGN_KEY];

    len = sizeof(raw);

    if (EVP_PKEY_id(key) != EVP_PKEY_ED25519
        || EVP_PKEY_get_raw_public_key(key, raw, &len) != 1
        || len != sizeof(raw))
    {
        return -1;
    }

    paylock_hex(raw, sizeof(raw), hex);

    return 0;
}


int
paylock_sign(EVP_PKEY *key, const char *text, size_t len,
    char sig[PAYLOCK_SIG_LEN + 1])
{
    int             ok;
    size_t          n;
    EVP_MD_CTX     *ctx;
    unsigned char   raw[PAYLOCK_SIGN_SIG];

    ctx = EVP_MD_CTX_new();

    if (ctx == NULL) {
        return -1;
    }

    n = sizeof(raw);
    ok = EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1
         && EVP_DigestSign(ctx, raw, &n, (const unsigned char *) text, len)
            == 1
         && n == sizeof(raw);

    EVP_MD_CTX_free(ctx);

    if (!ok) {
        return -1;
    }

    paylock_hex(raw, sizeof(raw), sig);

    return 0;
}


EVP_PKEY *
paylock_sign_key(const char hex[PAYLOCK_KEY_LEN])
{
    unsigned char  raw[PAYLOCK_SIGN_KEY];

    if (!paylock_sign_bytes(hex, sizeof(raw), raw)) {
        return NULL;
    }

    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw,
                                       sizeof(raw));
}


int
paylock_sign_check(EVP_PKEY *key, const char *text, size_t len,
    const char sig[PAYLOCK_SIG_LEN])
{
    int             ok;
    EVP_MD_CTX     *ctx;
    unsigned char   raw[PAYLOCK_SIGN_SIG];

    if (!paylock_sign_bytes(sig, sizeof(raw), raw)) {
        return 0;
    }

    ctx = EVP_MD_CTX_new();

    ok = ctx
         && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1
         && EVP_DigestVerify(ctx, raw, sizeof(raw),
                             (const unsigned char *) text, len) == 1;

    EVP_MD_CTX_free(ctx);

    return ok;
}


static int
paylock_sign_bytes(const char *hex, size_t n, unsigned char *bytes)
{
    int  high, low;

    for ( /* void */ ; n; n--, hex += 2) {
        high = paylock_sign_digit(hex[0]);
        low = paylock_sign_digit(hex[1]);

        if (high < 0 || low < 0) {
            return 0;
        }

        *bytes++ = (unsigned char) (high << 4 | low);
    }

    return 1;
}


static int
paylock_sign_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
