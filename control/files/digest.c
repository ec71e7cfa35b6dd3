
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "files/digest.h"


#define DIGEST_READ  65536


static int digest_read(int fd, EVP_MD_CTX *ctx, unsigned char *hash);


int
digest_file(int fd, char hex[PAYLOCK_HASH_LEN + 1])
{
    int             ok;
    EVP_MD_CTX     *ctx;
    unsigned char   hash[PAYLOCK_HASH_LEN / 2];

    ctx = EVP_MD_CTX_new();
    ok = ctx && digest_read(fd, ctx, hash);

    EVP_MD_CTX_free(ctx);

    if (ok) {
        paylock_hex(hash, PAYLOCK_HASH_LEN / 2, hex);
    }

    return ok ? 0 : -1;
}


int
digest_text(const char *text, size_t len, char hex[PAYLOCK_HASH_LEN + 1])
{
    unsigned char  hash[PAYLOCK_HASH_LEN / 2];

    if (EVP_Digest(text, len, hash, NULL, EVP_sha256(), NULL) != 1) {
        return -1;
    }

    paylock_hex(hash, PAYLOCK_HASH_LEN / 2, hex);

    return 0;
}


static int
digest_read(int fd, EVP_MD_CTX *ctx, unsigned char *hash)
{
    char     buf[DIGEST_READ];
    ssize_t  n;

    if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
        return 0;
    }

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        if (EVP_DigestUpdate(ctx, buf, (size_t) n) != 1) {
            return 0;
        }
    }

    return n == 0 && EVP_DigestFinal_ex(ctx, hash, NULL) == 1;
}
