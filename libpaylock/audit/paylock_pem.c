
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "paylock_pem.h"


static BIO *paylock_pem_open(const char *text, size_t len);
static int paylock_pem_give(char *buf, int size, int writing, void *secret);


int
paylock_pem_encrypted(const char *text, size_t len)
{
    static const char  begin[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

    return memmem(text, len, begin, sizeof(begin) - 1) != NULL;
}


EVP_PKEY *
paylock_pem_private(const char *text, size_t len, const char *secret)
{
    BIO       *bio;
    EVP_PKEY  *key;

    bio = paylock_pem_open(text, len);
    key = bio ? PEM_read_bio_PrivateKey(bio, NULL, paylock_pem_give,
                                        (void *) secret) : NULL;
    BIO_free(bio);
    ERR_clear_error();

    return key;
}


EVP_PKEY *
paylock_pem_public(const char *text, size_t len)
{
    BIO       *bio;
    EVP_PKEY  *key;

    bio = paylock_pem_open(text, len);
    key = bio ? PEM_read_bio_PUBKEY(bio, NULL, paylock_pem_give, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();

    return key;
}


static BIO *
paylock_pem_open(const char *text, size_t len)
{
    return len <= INT_MAX ? BIO_new_mem_buf(text, (int) len) : NULL;
}


/* Without an answer OpenSSL would ask by itself. */

static int
paylock_pem_give(char *buf, int size, int writing, void *secret)
{
    size_t  len;

    (void) writing;

    len = secret ? strlen(secret) : 0;

    if (len == 0 || len > (size_t) size) {
        return -1;
    }

    memcpy(buf, secret, len);

    return (int) len;
}
