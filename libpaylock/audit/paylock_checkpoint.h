
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Checkpoints: signed statements of what the head of an audit trail was.  The
 * format is written down in docs/audit-format.md.
 */


#ifndef _PAYLOCK_CHECKPOINT_H_INCLUDED_
#define _PAYLOCK_CHECKPOINT_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "paylock_audit.h"
#include "paylock_sign.h"


#define PAYLOCK_CHECKPOINT_MAX  512    /* bytes of text, and a zero */


typedef struct {
    uint64_t  seq;
    uint64_t  time;                    /* Unix milliseconds */
    char      realm[PAYLOCK_REALM_MAX + 1];
    char      chain[PAYLOCK_CHAIN_LEN + 1];
    char      hash[PAYLOCK_HASH_LEN + 1];
    char      key[PAYLOCK_KEY_LEN + 1];
} paylock_checkpoint_t;


/*
 * Writes the text of a checkpoint, signed; c->key is the public half of key.
 * Returns its length, 0 if the crypto library fails.
 */

size_t paylock_checkpoint_write(const paylock_checkpoint_t *c, EVP_PKEY *key,
    char text[PAYLOCK_CHECKPOINT_MAX]);

/*
 * Reads a text, and checks that the key it names has signed it.  Returns
 * NULL, or why it is no checkpoint, as a static text that fits behind
 * 'checkpoint … '.
 */

const char *paylock_checkpoint_read(const char *text, size_t len,
    paylock_checkpoint_t *c);


#endif /* _PAYLOCK_CHECKPOINT_H_INCLUDED_ */
