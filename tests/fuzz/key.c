
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Key files: what is taken for an Ed25519 key signs, its signature is good,
 * and its public half read again is the same.  The input is tried as it is,
 * and as what stands between the lines of PEM.  No passphrase is given: how
 * long it takes to try one is up to the file.
 */


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_pem.h"
#include "paylock_sign.h"


static void
private(const char *text, size_t len)
{
    char       hex[PAYLOCK_KEY_LEN + 1], sig[PAYLOCK_SIG_LEN + 1];
    EVP_PKEY  *key, *public;

    key = paylock_pem_private(text, len, NULL);

    if (key && paylock_sign_public(key, hex) == 0) {
        public = paylock_sign_key(hex);

        if (public == NULL || paylock_sign(key, text, len, sig) != 0
            || !paylock_sign_check(public, text, len, sig))
        {
            abort();
        }

        EVP_PKEY_free(public);
    }

    EVP_PKEY_free(key);
}


static void
public(const char *text, size_t len)
{
    char       hex[PAYLOCK_KEY_LEN + 1], again[PAYLOCK_KEY_LEN + 1];
    EVP_PKEY  *key, *same;

    key = paylock_pem_public(text, len);

    if (key && paylock_sign_public(key, hex) == 0) {
        same = paylock_sign_key(hex);

        if (same == NULL || paylock_sign_public(same, again) != 0
            || strcmp(hex, again) != 0)
        {
            abort();
        }

        EVP_PKEY_free(same);
    }

    EVP_PKEY_free(key);
}


/* In lines, each of 64 digits: 48 bytes. */

static size_t
armour(const char *label, const uint8_t *data, size_t size, char *text)
{
    char    *p;
    size_t   n;

    p = text + sprintf(text, "-----BEGIN %s-----\n", label);

    for ( /* void */ ; size; data += n, size -= n) {
        n = size < 48 ? size : 48;
        p += EVP_EncodeBlock((unsigned char *) p, data, (int) n);
        *p++ = '\n';
    }

    p += sprintf(p, "-----END %s-----\n", label);

    return (size_t) (p - text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char    *text;
    size_t   len;

    private((const char *) data, size);
    public((const char *) data, size);

    text = malloc(2 * size + 256);

    if (text == NULL) {
        return 0;
    }

    len = armour("PRIVATE KEY", data, size, text);
    private(text, len);

    len = armour("PUBLIC KEY", data, size, text);
    public(text, len);

    len = armour("ENCRYPTED PRIVATE KEY", data, size, text);

    if (!paylock_pem_encrypted(text, len)) {
        abort();
    }

    private(text, len);
    free(text);

    return 0;
}
