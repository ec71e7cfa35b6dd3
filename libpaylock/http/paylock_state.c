
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "paylock_state.h"


#define PAYLOCK_STATE_MAGIC    "paylock\n"
#define PAYLOCK_STATE_VERSION  1
#define PAYLOCK_STATE_NONCE    32
#define PAYLOCK_STATE_MAC      32

/* the byte of a record that holds the length of its ref */

#define PAYLOCK_STATE_LEN      0x1f
#define PAYLOCK_STATE_SUFFIX   0x40
#define PAYLOCK_STATE_HELD     0x80


static unsigned char *paylock_state_put(unsigned char *p, uint64_t n,
    size_t bytes);
static uint64_t paylock_state_get(const unsigned char **p, size_t bytes);
static unsigned char *paylock_state_copy(unsigned char *p, const void *from,
    size_t len);
static const unsigned char *paylock_state_take(const unsigned char *p,
    void *to, size_t len);
static int paylock_state_mac(const unsigned char *key,
    const unsigned char *data, size_t len, unsigned char *mac);
static int paylock_state_mask(const unsigned char *key,
    const unsigned char *nonce, const unsigned char *from, unsigned char *to);
static int paylock_state_digit(char c);


const char *
paylock_state_key(const char *text, size_t len,
    unsigned char key[PAYLOCK_STATE_KEY])
{
    int     high, low;
    size_t  i;

    if (len && text[len - 1] == '\n') {
        len--;
    }

    if (len != 2 * PAYLOCK_STATE_KEY) {
        return "does not hold 64 hex digits";
    }

    for (i = 0; i < PAYLOCK_STATE_KEY; i++) {
        high = paylock_state_digit(text[2 * i]);
        low = paylock_state_digit(text[2 * i + 1]);

        if (high == -1 || low == -1) {
            return "does not hold 64 hex digits";
        }

        key[i] = high << 4 | low;
    }

    return NULL;
}


static int
paylock_state_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
                                : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


const char *
paylock_state_read(const unsigned char *data, size_t len,
    const unsigned char key[PAYLOCK_STATE_KEY], paylock_state_t *state)
{
    uint32_t              version;
    unsigned char         mac[PAYLOCK_STATE_MAC];
    const unsigned char  *p, *nonce;
    paylock_position_t   *at;

    if (len < sizeof(PAYLOCK_STATE_MAGIC) - 1
        || memcmp(data, PAYLOCK_STATE_MAGIC, sizeof(PAYLOCK_STATE_MAGIC) - 1)
           != 0)
    {
        return "is no state file";
    }

    if (len < PAYLOCK_STATE_HEADER) {
        return "is cut off";
    }

    if (paylock_state_mac(key, data, PAYLOCK_STATE_HEADER - PAYLOCK_STATE_MAC,
                          mac)
        != 0
        || CRYPTO_memcmp(mac, data + PAYLOCK_STATE_HEADER - PAYLOCK_STATE_MAC,
                         PAYLOCK_STATE_MAC)
           != 0)
    {
        return "was not made with this key, or was changed";
    }

    p = data + sizeof(PAYLOCK_STATE_MAGIC) - 1;

    version = paylock_state_get(&p, 4);

    if (version != PAYLOCK_STATE_VERSION) {
        return "is of another version of the format";
    }

    at = &state->position;

    state->count = paylock_state_get(&p, 4);
    state->size = paylock_state_get(&p, 8);
    at->seq = paylock_state_get(&p, 8);
    at->time = paylock_state_get(&p, 8);

    p = paylock_state_take(p, at->chain, PAYLOCK_CHAIN_LEN);
    p = paylock_state_take(p, at->hash, PAYLOCK_HASH_LEN);
    p = paylock_state_take(p, at->prev, PAYLOCK_HASH_LEN);
    p = paylock_state_take(p, state->root, PAYLOCK_HASH_LEN);
    p = paylock_state_take(p, state->trust, PAYLOCK_STATE_TRUST);

    nonce = p;
    p += PAYLOCK_STATE_NONCE;

    if (paylock_state_mask(key, nonce, p, state->secret) != 0) {
        return "cannot be read: the crypto library failed";
    }

    (void) paylock_state_take(p + PAYLOCK_STATE_SECRET, state->digest,
                              PAYLOCK_STATE_DIGEST);
    return NULL;
}


int
paylock_state_write(const paylock_state_t *state,
    const unsigned char key[PAYLOCK_STATE_KEY],
    unsigned char data[PAYLOCK_STATE_HEADER])
{
    unsigned char             *p, *nonce;
    const paylock_position_t  *at;

    at = &state->position;

    p = paylock_state_copy(data, PAYLOCK_STATE_MAGIC,
                           sizeof(PAYLOCK_STATE_MAGIC) - 1);
    p = paylock_state_put(p, PAYLOCK_STATE_VERSION, 4);
    p = paylock_state_put(p, state->count, 4);
    p = paylock_state_put(p, state->size, 8);
    p = paylock_state_put(p, at->seq, 8);
    p = paylock_state_put(p, at->time, 8);
    p = paylock_state_copy(p, at->chain, PAYLOCK_CHAIN_LEN);
    p = paylock_state_copy(p, at->hash, PAYLOCK_HASH_LEN);
    p = paylock_state_copy(p, at->prev, PAYLOCK_HASH_LEN);
    p = paylock_state_copy(p, state->root, PAYLOCK_HASH_LEN);
    p = paylock_state_copy(p, state->trust, PAYLOCK_STATE_TRUST);

    nonce = p;
    p += PAYLOCK_STATE_NONCE;

    if (RAND_bytes(nonce, PAYLOCK_STATE_NONCE) != 1
        || paylock_state_mask(key, nonce, state->secret, p) != 0)
    {
        return -1;
    }

    p = paylock_state_copy(p + PAYLOCK_STATE_SECRET, state->digest,
                           PAYLOCK_STATE_DIGEST);

    return paylock_state_mac(key, data, p - data, p);
}


int
paylock_state_intact(const paylock_state_t *state,
    const unsigned char *records, size_t len)
{
    unsigned char  digest[PAYLOCK_STATE_DIGEST];

    return len == state->size
           && EVP_Digest(records, len, digest, NULL, EVP_sha256(), NULL) == 1
           && CRYPTO_memcmp(digest, state->digest, sizeof(digest)) == 0;
}


size_t
paylock_state_record_read(const unsigned char *data, size_t len,
    paylock_state_record_t *record)
{
    size_t                i, ref_len, suffix;
    uint8_t               bits, set;
    const unsigned char  *p;
    paylock_record_t     *rec;

    if (len < 10) {
        return 0;
    }

    p = data;

    record->hash = paylock_state_get(&p, 8);

    bits = *p++;
    set = *p++;
    ref_len = bits & PAYLOCK_STATE_LEN;
    suffix = (bits & PAYLOCK_STATE_SUFFIX) != 0;

    if (set >= 1u << PAYLOCK_TIMES
        || ref_len > PAYLOCK_REF_MAX
        || len < 10 + suffix + 4 * (size_t) __builtin_popcount(set) + ref_len
        || (suffix && *p == 0))
    {
        return 0;
    }

    record->suffix = suffix ? *p++ : 0;
    record->held = (bits & PAYLOCK_STATE_HELD) != 0;

    rec = &record->record;

    memset(rec, 0, sizeof(*rec));

    rec->set = set;
    rec->ref_len = ref_len;

    for (i = 0; i < PAYLOCK_TIMES; i++) {
        if (paylock_record_has(rec, i)) {
            rec->time[i] = paylock_state_get(&p, 4);
        }
    }

    p = paylock_state_take(p, rec->ref, ref_len);

    if (ref_len && !paylock_ref_check(rec->ref, ref_len)) {
        return 0;
    }

    return p - data;
}


size_t
paylock_state_record_write(const paylock_state_record_t *record,
    unsigned char data[PAYLOCK_STATE_RECORD])
{
    size_t                   i;
    unsigned char           *p;
    const paylock_record_t  *rec;

    rec = &record->record;

    p = paylock_state_put(data, record->hash, 8);

    *p++ = rec->ref_len
           | (record->suffix ? PAYLOCK_STATE_SUFFIX : 0)
           | (record->held ? PAYLOCK_STATE_HELD : 0);
    *p++ = rec->set;

    if (record->suffix) {
        *p++ = record->suffix;
    }

    for (i = 0; i < PAYLOCK_TIMES; i++) {
        if (paylock_record_has(rec, i)) {
            p = paylock_state_put(p, rec->time[i], 4);
        }
    }

    return paylock_state_copy(p, rec->ref, rec->ref_len) - data;
}


static unsigned char *
paylock_state_put(unsigned char *p, uint64_t n, size_t bytes)
{
    while (bytes--) {
        *p++ = n;
        n >>= 8;
    }

    return p;
}


static uint64_t
paylock_state_get(const unsigned char **p, size_t bytes)
{
    size_t    i;
    uint64_t  n;

    for (n = 0, i = 0; i < bytes; i++) {
        n |= (uint64_t) *(*p)++ << 8 * i;
    }

    return n;
}


static unsigned char *
paylock_state_copy(unsigned char *p, const void *from, size_t len)
{
    memcpy(p, from, len);
    return p + len;
}


static const unsigned char *
paylock_state_take(const unsigned char *p, void *to, size_t len)
{
    memcpy(to, p, len);
    return p + len;
}


static int
paylock_state_mac(const unsigned char *key, const unsigned char *data,
    size_t len, unsigned char *mac)
{
    return HMAC(EVP_sha256(), key, PAYLOCK_STATE_KEY, data, len, mac, NULL)
           ? 0 : -1;
}


/*
 * Encrypts the secret of the hash with the key, so that somebody who can read
 * the file, but not the key, cannot find out which hosts have records.
 */

static int
paylock_state_mask(const unsigned char *key, const unsigned char *nonce,
    const unsigned char *from, unsigned char *to)
{
    size_t         i, n;
    unsigned char  block[1 + PAYLOCK_STATE_NONCE], mask[PAYLOCK_STATE_MAC];

    (void) paylock_state_copy(block + 1, nonce, PAYLOCK_STATE_NONCE);

    for (i = 0; i < PAYLOCK_STATE_SECRET; i += sizeof(mask)) {
        block[0] = i / sizeof(mask);

        if (paylock_state_mac(key, block, sizeof(block), mask) != 0) {
            return -1;
        }

        for (n = 0; n < sizeof(mask); n++) {
            to[i + n] = from[i + n] ^ mask[n];
        }
    }

    return 0;
}
