
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "paylock_base64.h"
#include "paylock_pass_key.h"


static const char *paylock_pass_key(const char *line, size_t len,
    paylock_pass_keys_t *keys);
static const char *paylock_pass_kid(const char *kid, size_t len);
static const char *paylock_pass_secret(const char *text, size_t len,
    paylock_pass_key_t *key);
static int paylock_pass_derive(const unsigned char *secret, size_t len,
    paylock_pass_key_t *key);


static const char *const  paylock_pass_purposes[PAYLOCK_PASS_PURPOSES] = {
    [PAYLOCK_PASS_LINK] = "paylock pass link 1",
    [PAYLOCK_PASS_COOKIE] = "paylock pass cookie 1"
};


const char *
paylock_pass_keys(const char *text, size_t len, paylock_pass_keys_t *keys,
    size_t *line)
{
    size_t       n;
    const char  *why, *end;

    keys->n = 0;
    *line = 1;

    if (len > PAYLOCK_PASS_FILE) {
        return "begins a file that is larger than 4096 bytes";
    }

    if (len == 0) {
        return "is missing: the file is empty";
    }

    for ( ; len; (*line)++) {
        end = memchr(text, '\n', len);
        n = end ? (size_t) (end - text) : len;

        why = paylock_pass_key(text, n, keys);

        if (why) {
            return why;
        }

        n += end != NULL;
        text += n;
        len -= n;
    }

    return NULL;
}


static const char *
paylock_pass_key(const char *line, size_t len, paylock_pass_keys_t *keys)
{
    size_t               n;
    const char          *colon, *why;
    paylock_pass_key_t  *key;

    colon = memchr(line, ':', len);

    if (colon == NULL) {
        return "has not the form kid:base64";
    }

    n = (size_t) (colon - line);
    why = paylock_pass_kid(line, n);

    if (why) {
        return why;
    }

    if (paylock_pass_find(keys, line, n)) {
        return "has the kid of a line before";
    }

    if (keys->n == PAYLOCK_PASS_KEYS) {
        return "is one too many: there are at most 16 keys";
    }

    key = &keys->key[keys->n];
    memcpy(key->kid, line, n);
    key->kid_len = (uint8_t) n;

    why = paylock_pass_secret(colon + 1, len - n - 1, key);

    if (why == NULL) {
        keys->n++;
    }

    return why;
}


static const char *
paylock_pass_kid(const char *kid, size_t len)
{
    size_t  i;

    if (len == 0 || len > PAYLOCK_PASS_KID) {
        return "has a kid that is not 1 to 16 characters long";
    }

    for (i = 0; i < len; i++) {
        if (memchr(PAYLOCK_ALPHANUMERIC "._-", kid[i],
                   sizeof(PAYLOCK_ALPHANUMERIC "._-") - 1)
            == NULL)
        {
            return "has a kid with other characters than A-Z, a-z, 0-9, "
                   "\".\", \"_\" and \"-\"";
        }
    }

    return NULL;
}


static const char *
paylock_pass_secret(const char *text, size_t len, paylock_pass_key_t *key)
{
    int            ok;
    size_t         n, fill;
    unsigned char  secret[PAYLOCK_PASS_SECRET];

    for (fill = 0; fill < 2 && fill < len && text[len - fill - 1] == '=';
         fill++)
    {
        /* void */
    }

    len -= fill;

    if (len * 3 / 4 > sizeof(secret)) {
        return "has a key of more than 64 bytes";
    }

    n = (len + fill) % 4
        ? 0 : paylock_base64_decode(text, len, paylock_base64, secret,
                                    sizeof(secret));

    if (n == 0) {
        return "has a key that is not base64";
    }

    ok = paylock_pass_derive(secret, n, key);
    OPENSSL_cleanse(secret, sizeof(secret));

    if (n < PAYLOCK_PASS_LEAST) {
        return "has a key that is too short: at least 32 bytes are needed";
    }

    return ok ? NULL : "cannot be used: the crypto library fails";
}


/* One key for each purpose, so that no token is good for another one. */

static int
paylock_pass_derive(const unsigned char *secret, size_t len,
    paylock_pass_key_t *key)
{
    size_t  i;

    for (i = 0; i < PAYLOCK_PASS_PURPOSES; i++) {
        if (HMAC(EVP_sha256(), secret, (int) len,
                 (const unsigned char *) paylock_pass_purposes[i],
                 strlen(paylock_pass_purposes[i]), key->key[i], NULL)
            == NULL)
        {
            return 0;
        }
    }

    return 1;
}


void
paylock_pass_line(const char *kid, const unsigned char *secret, size_t len,
    char line[PAYLOCK_PASS_LINE])
{
    char    *p;
    size_t   n;

    p = stpcpy(line, kid);
    *p++ = ':';

    n = paylock_base64_encode(secret, len, paylock_base64, p);

    while (n % 4) {
        p[n++] = '=';
    }

    p[n++] = '\n';
    p[n] = '\0';
}


const paylock_pass_key_t *
paylock_pass_find(const paylock_pass_keys_t *keys, const char *kid,
    size_t len)
{
    size_t  i;

    for (i = 0; i < keys->n; i++) {
        if (keys->key[i].kid_len == len
            && memcmp(keys->key[i].kid, kid, len) == 0)
        {
            return &keys->key[i];
        }
    }

    return NULL;
}
