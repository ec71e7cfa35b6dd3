
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "paylock_keyring.h"
#include "paylock_sign.h"


paylock_key_t *
paylock_keyring_find(const paylock_keyring_t *ring,
    const char hex[PAYLOCK_KEY_LEN])
{
    size_t  i;

    for (i = 0; i < ring->n; i++) {
        if (memcmp(ring->key[i].hex, hex, PAYLOCK_KEY_LEN) == 0) {
            return &ring->key[i];
        }
    }

    return NULL;
}


paylock_key_t *
paylock_keyring_add(paylock_keyring_t *ring, const char hex[PAYLOCK_KEY_LEN],
    const paylock_signer_t *signer)
{
    paylock_key_t  *key;

    if (ring->n == PAYLOCK_KEYS) {
        return NULL;
    }

    key = realloc(ring->key, (ring->n + 1) * sizeof(paylock_key_t));

    if (key == NULL) {
        return NULL;
    }

    ring->key = key;
    key += ring->n;

    memset(key, 0, sizeof(paylock_key_t));
    memcpy(key->hex, hex, PAYLOCK_KEY_LEN);
    key->signer = signer;
    key->key = paylock_sign_key(hex);

    if (key->key == NULL) {
        return NULL;
    }

    ring->n++;

    return key;
}


void
paylock_keyring_free(paylock_keyring_t *ring)
{
    size_t  i;

    for (i = 0; i < ring->n; i++) {
        EVP_PKEY_free(ring->key[i].key);
    }

    free(ring->key);
    memset(ring, 0, sizeof(paylock_keyring_t));
}
