
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "paylock_base64.h"
#include "paylock_host.h"
#include "paylock_pass.h"


/* version, time of issue, time of expiry, MAC; then comes the kid */

#define PAYLOCK_PASS_VERSION  1
#define PAYLOCK_PASS_ISSUED   1
#define PAYLOCK_PASS_EXPIRES  5
#define PAYLOCK_PASS_TIMES    9
#define PAYLOCK_PASS_FIXED    (PAYLOCK_PASS_TIMES + PAYLOCK_PASS_MAC)
#define PAYLOCK_PASS_BYTES    (PAYLOCK_PASS_FIXED + PAYLOCK_PASS_KID)


static int paylock_pass_mac(const paylock_pass_key_t *key,
    paylock_pass_purpose_e purpose, const unsigned char *times,
    const char *host, size_t host_len, unsigned char mac[PAYLOCK_PASS_MAC]);
static void paylock_pass_put(unsigned char *p, uint32_t n);
static uint32_t paylock_pass_get(const unsigned char *p);


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

    n = paylock_base64_encode(data, PAYLOCK_PASS_FIXED + pass->key->kid_len,
                              paylock_base64url, token);
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
        ? 0 : paylock_base64_decode(token, len, paylock_base64url, data,
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
