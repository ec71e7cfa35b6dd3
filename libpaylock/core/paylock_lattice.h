
/*
 * Copyright (C) 2026 paylock contributors
 *
 * One hash for the set of all records: LtHash (Bellare and Micciancio 1997;
 * Lewi, Kim, Maykov and Weis 2019), 1,024 lanes of 16 bits.  Each (host,
 * record) pair becomes 2,048 bytes, which are added lane by lane, so that a
 * pair can be added and removed in any order.  The root is the SHA-256 of the
 * lanes.  The format is written down in docs/audit-format.md.
 */


#ifndef _PAYLOCK_LATTICE_H_INCLUDED_
#define _PAYLOCK_LATTICE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "paylock_field.h"


#define PAYLOCK_LANES    1024
#define PAYLOCK_LATTICE  (2 * PAYLOCK_LANES)       /* bytes */
#define PAYLOCK_PAIR     32                        /* bytes of a SHA-256 */


/* All zero: the empty set. */

typedef struct {
    uint16_t         lane[PAYLOCK_LANES];
} paylock_lattice_t;


/* What computes them; for one thread at a time. */

typedef struct {
    EVP_MD          *sha256;
    EVP_MD_CTX      *digest;
    EVP_CIPHER      *chacha20;
    EVP_CIPHER_CTX  *stream;
} paylock_lattice_ctx_t;


/*
 * Return 0, or -1 if the crypto library fails or is out of memory.  The caller
 * calls paylock_lattice_free() in any case; all zero, there is nothing to free.
 */

int paylock_lattice_begin(paylock_lattice_ctx_t *ctx);
void paylock_lattice_free(paylock_lattice_ctx_t *ctx);

/*
 * The SHA-256 that stands for a pair; host and record are any bytes.  Returns
 * 0, or -1 if the crypto library fails.
 */

int paylock_lattice_pair(paylock_lattice_ctx_t *ctx, const char *host,
    size_t host_len, const char *record, size_t record_len,
    unsigned char pair[PAYLOCK_PAIR]);

/*
 * Adds or removes a pair, 1 microsecond.  Returns the same; after -1 the
 * lattice is as before.
 */

int paylock_lattice_add(paylock_lattice_ctx_t *ctx, paylock_lattice_t *l,
    const unsigned char pair[PAYLOCK_PAIR]);
int paylock_lattice_remove(paylock_lattice_ctx_t *ctx, paylock_lattice_t *l,
    const unsigned char pair[PAYLOCK_PAIR]);

/* Adds all that is in the other one. */

void paylock_lattice_join(paylock_lattice_t *l, const paylock_lattice_t *other);

/* The root, in lower-case hex digits.  Returns the same as above. */

int paylock_lattice_root(paylock_lattice_ctx_t *ctx,
    const paylock_lattice_t *l, char hex[PAYLOCK_HASH_LEN + 1]);

/* As bytes, each lane with its low byte first. */

void paylock_lattice_write(const paylock_lattice_t *l,
    unsigned char bytes[PAYLOCK_LATTICE]);
void paylock_lattice_read(paylock_lattice_t *l,
    const unsigned char bytes[PAYLOCK_LATTICE]);


#endif /* _PAYLOCK_LATTICE_H_INCLUDED_ */
