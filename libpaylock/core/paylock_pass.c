
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "paylock_host.h"
#include "paylock_pass.h"


/* version, time of issue, time of expiry, MAC; then comes the kid */

#define PAYLOCK_PASS_VERSION  1
#define PAYLOCK_PASS_ISSUED   1
#define PAYLOCK_PASS_EXPIRES  5
#define PAYLOCK_PASS_TIMES    9
#define PAYLOCK_PASS_FIXED    (PAYLOCK_PASS_TIMES + PAYLOCK_PASS_MAC)
#define PAYLOCK_PASS_BYTES    (PAYLOCK_PASS_FIXED + PAYLOCK_PASS_KID)


static const char *paylock_pass_key(const char *line, size_t len,
    paylock_pass_keys_t *keys);
static const char *paylock_pass_kid(const char *kid, size_t len);
static const char *paylock_pass_secret(const char *text, size_t len,
    paylock_pass_key_t *key);
static int paylock_pass_derive(const unsigned char *secret, size_t len,
    paylock_pass_key_t *key);
static const paylock_pass_key_t *paylock_pass_find(
    const paylock_pass_keys_t *keys, const char *kid, size_t len);
static int paylock_pass_mac(const paylock_pass_key_t *key,
    paylock_pass_purpose_e purpose, const unsigned char *times,
    const char *host, size_t host_len, unsigned char mac[PAYLOCK_PASS_MAC]);
static size_t paylock_pass_encode(const unsigned char *data, size_t len,
    const char *alphabet, char *dst);
static size_t paylock_pass_decode(const char *text, size_t len,
    const char *alphabet, unsigned char *dst, size_t size);
static void paylock_pass_put(unsigned char *p, uint32_t n);
static uint32_t paylock_pass_get(const unsigned char *p);


#define PAYLOCK_PASS_ALPHABET                                                 \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char  paylock_pass_file[] = PAYLOCK_PASS_ALPHABET "+/";
static const char  paylock_pass_url[] = PAYLOCK_PASS_ALPHABET "-_";


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
        if (memchr(PAYLOCK_PASS_ALPHABET "._-", kid[i],
                   sizeof(PAYLOCK_PASS_ALPHABET "._-") - 1)
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
        ? 0 : paylock_pass_decode(text, len, paylock_pass_file, secret,
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

    n = paylock_pass_encode(secret, len, paylock_pass_file, p);

    while (n % 4) {
        p[n++] = '=';
    }

    p[n++] = '\n';
    p[n] = '\0';
}


size_t
paylock_pass_make(const paylock_pass_t *pass, paylock_pass_purpose_e purpose,
    const char *host, size_t host_len, char token[PAYLOCK_PASS_TOKEN + 1])
{
    size_t         n;
    unsigned char  data[PAYLOCK_PASS_BYTES];

    data[0] = PAYLOCK_PASS_VERSION;
    paylock_pass_put(data + PAYLOCK_PASS_ISSUED, pass->issued);
    paylock_pass_put(data + PAYLOCK_PASS_EXPIRES, pass->expires);

    if (!paylock_pass_mac(pass->key, purpose, data, host, host_len,
                          data + PAYLOCK_PASS_TIMES))
    {
        return 0;
    }

    memcpy(data + PAYLOCK_PASS_FIXED, pass->key->kid, pass->key->kid_len);

    n = paylock_pass_encode(data, PAYLOCK_PASS_FIXED + pass->key->kid_len,
                            paylock_pass_url, token);
    token[n] = '\0';

    return n;
}


int
paylock_pass_check(const paylock_pass_keys_t *keys,
    paylock_pass_purpose_e purpose, const char *host, size_t host_len,
    const char *token, size_t len, uint32_t now, paylock_pass_t *pass)
{
    size_t         n;
    unsigned char  data[PAYLOCK_PASS_BYTES], mac[PAYLOCK_PASS_MAC];

    n = len > PAYLOCK_PASS_TOKEN
        ? 0 : paylock_pass_decode(token, len, paylock_pass_url, data,
                                  sizeof(data));

    if (n <= PAYLOCK_PASS_FIXED || data[0] != PAYLOCK_PASS_VERSION) {
        return 0;
    }

    pass->key = paylock_pass_find(keys,
                                  (const char *) data + PAYLOCK_PASS_FIXED,
                                  n - PAYLOCK_PASS_FIXED);
    pass->issued = paylock_pass_get(data + PAYLOCK_PASS_ISSUED);
    pass->expires = paylock_pass_get(data + PAYLOCK_PASS_EXPIRES);

    return pass->key && now < pass->expires
           && paylock_pass_mac(pass->key, purpose, data, host, host_len, mac)
           && CRYPTO_memcmp(mac, data + PAYLOCK_PASS_TIMES, sizeof(mac)) == 0;
}


static const paylock_pass_key_t *
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


/* The MAC of version and times, the kid with its length, and the host. */

static int
paylock_pass_mac(const paylock_pass_key_t *key,
    paylock_pass_purpose_e purpose, const unsigned char *times,
    const char *host, size_t host_len, unsigned char mac[PAYLOCK_PASS_MAC])
{
    unsigned char  *p;
    unsigned char   text[PAYLOCK_PASS_TIMES + 1 + PAYLOCK_PASS_KID
                         + PAYLOCK_HOST_MAX];

    if (host_len == 0 || host_len > PAYLOCK_HOST_MAX) {
        return 0;
    }

    p = text;
    memcpy(p, times, PAYLOCK_PASS_TIMES);
    p += PAYLOCK_PASS_TIMES;

    *p++ = key->kid_len;
    memcpy(p, key->kid, key->kid_len);
    p += key->kid_len;

    memcpy(p, host, host_len);
    p += host_len;

    return HMAC(EVP_sha256(), key->key[purpose], PAYLOCK_PASS_MAC, text,
                (size_t) (p - text), mac, NULL)
           != NULL;
}


/* Base64 without padding.  Returns the length. */

static size_t
paylock_pass_encode(const unsigned char *data, size_t len,
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


/*
 * Decodes base64 without padding.  Returns the length; 0 if it does not fit, or
 * is not what the encoder writes, so that a token has one spelling only.
 */

static size_t
paylock_pass_decode(const char *text, size_t len, const char *alphabet,
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


static void
paylock_pass_put(unsigned char *p, uint32_t n)
{
    p[0] = (unsigned char) (n >> 24);
    p[1] = (unsigned char) (n >> 16);
    p[2] = (unsigned char) (n >> 8);
    p[3] = (unsigned char) n;
}


static uint32_t
paylock_pass_get(const unsigned char *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}
