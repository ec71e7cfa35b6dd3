
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A pair is expanded as Bitcoin's MuHash does it: its SHA-256 is the key of a
 * ChaCha20 stream (RFC 8439, counter and nonce 0).  SHAKE128 would need five
 * times as long.
 */


#include <string.h>

#include "paylock_hex.h"
#include "paylock_lattice.h"


#define PAYLOCK_LATTICE_TEXT  "paylock record 2\n"


static int paylock_lattice_expand(paylock_lattice_ctx_t *ctx,
    const unsigned char pair[PAYLOCK_PAIR], paylock_lattice_t *l);
static void paylock_lattice_length(size_t len, unsigned char bytes[8]);


int
paylock_lattice_begin(paylock_lattice_ctx_t *ctx)
{
    ctx->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    ctx->digest = EVP_MD_CTX_new();
    ctx->chacha20 = EVP_CIPHER_fetch(NULL, "ChaCha20", NULL);
    ctx->stream = EVP_CIPHER_CTX_new();

    return ctx->sha256 && ctx->digest && ctx->chacha20 && ctx->stream ? 0 : -1;
}


void
paylock_lattice_free(paylock_lattice_ctx_t *ctx)
{
    EVP_CIPHER_CTX_free(ctx->stream);
    EVP_CIPHER_free(ctx->chacha20);
    EVP_MD_CTX_free(ctx->digest);
    EVP_MD_free(ctx->sha256);
    memset(ctx, 0, sizeof(paylock_lattice_ctx_t));
}


int
paylock_lattice_pair(paylock_lattice_ctx_t *ctx, const char *host,
    size_t host_len, const char *record, size_t record_len,
    unsigned char pair[PAYLOCK_PAIR])
{
    unsigned char  len[2][8];

    paylock_lattice_length(host_len, len[0]);
    paylock_lattice_length(record_len, len[1]);

    return EVP_DigestInit_ex2(ctx->digest, ctx->sha256, NULL) == 1
           && EVP_DigestUpdate(ctx->digest, PAYLOCK_LATTICE_TEXT,
                               sizeof(PAYLOCK_LATTICE_TEXT) - 1) == 1
           && EVP_DigestUpdate(ctx->digest, len[0], sizeof(len[0])) == 1
           && EVP_DigestUpdate(ctx->digest, host, host_len) == 1
           && EVP_DigestUpdate(ctx->digest, len[1], sizeof(len[1])) == 1
           && EVP_DigestUpdate(ctx->digest, record, record_len) == 1
           && EVP_DigestFinal_ex(ctx->digest, pair, NULL) == 1
           ? 0 : -1;
}


int
paylock_lattice_add(paylock_lattice_ctx_t *ctx, paylock_lattice_t *l,
    const unsigned char pair[PAYLOCK_PAIR])
{
    paylock_lattice_t  add;

    if (paylock_lattice_expand(ctx, pair, &add) != 0) {
        return -1;
    }

    paylock_lattice_join(l, &add);

    return 0;
}


int
paylock_lattice_remove(paylock_lattice_ctx_t *ctx, paylock_lattice_t *l,
    const unsigned char pair[PAYLOCK_PAIR])
{
    size_t             i;
    paylock_lattice_t  remove;

    if (paylock_lattice_expand(ctx, pair, &remove) != 0) {
        return -1;
    }

    for (i = 0; i < PAYLOCK_LANES; i++) {
        l->lane[i] -= remove.lane[i];
    }

    return 0;
}


void
paylock_lattice_join(paylock_lattice_t *l, const paylock_lattice_t *other)
{
    size_t  i;

    for (i = 0; i < PAYLOCK_LANES; i++) {
        l->lane[i] += other->lane[i];
    }
}


int
paylock_lattice_root(paylock_lattice_ctx_t *ctx, const paylock_lattice_t *l,
    char hex[PAYLOCK_HASH_LEN + 1])
{
    unsigned char  bytes[PAYLOCK_LATTICE], hash[PAYLOCK_HASH_LEN / 2];

    paylock_lattice_write(l, bytes);

    if (EVP_DigestInit_ex2(ctx->digest, ctx->sha256, NULL) != 1
        || EVP_DigestUpdate(ctx->digest, bytes, sizeof(bytes)) != 1
        || EVP_DigestFinal_ex(ctx->digest, hash, NULL) != 1)
    {
        return -1;
    }

    paylock_hex(hash, sizeof(hash), hex);

    return 0;
}


void
paylock_lattice_write(const paylock_lattice_t *l,
    unsigned char bytes[PAYLOCK_LATTICE])
{
    size_t  i;

    for (i = 0; i < PAYLOCK_LANES; i++) {
        bytes[2 * i] = (unsigned char) (l->lane[i] & 0xff);
        bytes[2 * i + 1] = (unsigned char) (l->lane[i] >> 8);
    }
}


void
paylock_lattice_read(paylock_lattice_t *l,
    const unsigned char bytes[PAYLOCK_LATTICE])
{
    size_t  i;

    for (i = 0; i < PAYLOCK_LANES; i++) {
        l->lane[i] = (uint16_t) (bytes[2 * i] | bytes[2 * i + 1] << 8);
    }
}


static int
paylock_lattice_expand(paylock_lattice_ctx_t *ctx,
    const unsigned char pair[PAYLOCK_PAIR], paylock_lattice_t *l)
{
    int            n;
    unsigned char  bytes[PAYLOCK_LATTICE];

    static const unsigned char  zeros[PAYLOCK_LATTICE];

    if (EVP_EncryptInit_ex2(ctx->stream, ctx->chacha20, pair, zeros, NULL) != 1
        || EVP_EncryptUpdate(ctx->stream, bytes, &n, zeros, sizeof(bytes))
           != 1
        || n != (int) sizeof(bytes))
    {
        return -1;
    }

    paylock_lattice_read(l, bytes);

    return 0;
}


/* Big-endian, so that no two pairs are written alike. */

static void
paylock_lattice_length(size_t len, unsigned char bytes[8])
{
    int  i;

    for (i = 7; i >= 0; i--) {
        bytes[i] = (unsigned char) (len & 0xff);
        len >>= 8;
    }
}
