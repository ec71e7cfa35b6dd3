
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
    size_t          i;
    EVP_MD_CTX     *ctx;
    unsigned char   hash[PAYLOCK_HASH_LEN / 2];

    ctx = EVP_MD_CTX_new();
    ok = ctx && digest_read(fd, ctx, hash);

    EVP_MD_CTX_free(ctx);

    for (i = 0; ok && i < sizeof(hash); i++) {
        (void) sprintf(hex + 2 * i, "%02x", hash[i]);
    }

    return ok ? 0 : -1;
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
