
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Audit entries: their fields in the stream, the leaf and the hash that chain
 * them, the signature.  The format is written down in docs/audit-format.md.
 */


#ifndef _PAYLOCK_AUDIT_H_INCLUDED_
#define _PAYLOCK_AUDIT_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "paylock_field.h"
#include "paylock_str.h"


#define PAYLOCK_AUDIT_VERSION  "1"


typedef struct {
    uint64_t       seq;
    paylock_str_t  field[PAYLOCK_AUDIT_FIELDS];   /* absent: len 0 */
} paylock_entry_t;


/*
 * Reads a stream entry as XRANGE and XREAD give it, [id, [name, value, …]].
 * The fields point into the reply.  Returns NULL, or why it is no audit
 * entry (id not <seq>-0, unknown version, field twice or not UTF-8, time not
 * a number, chain, prev, hash, salt, key or sig not hex of the right length),
 * as a static text that fits behind 'entry … '.  Unknown fields are passed
 * over.
 */

const char *paylock_entry_read(const redisReply *reply, paylock_entry_t *e);

/* The second half of that, for an entry that was read elsewhere. */

const char *paylock_entry_check(const paylock_entry_t *e);

/*
 * The text whose SHA-256 is the entry's leaf; the caller frees it.  NULL when
 * out of memory.
 */

char *paylock_entry_leaf_text(const paylock_entry_t *e, size_t *len);

/*
 * The leaf of an entry, and the hash of one by what the hash covers: chain,
 * seq, prev and leaf, each of its length in lower-case hex digits.  The result
 * is 64 lower-case hex digits and a zero.  Return 0, or -1 if there is no
 * memory or the crypto library fails.
 */

int paylock_entry_leaf(const paylock_entry_t *e,
    char hex[PAYLOCK_HASH_LEN + 1]);
int paylock_entry_link(const char *chain, uint64_t seq, const char *prev,
    const char *leaf, char hex[PAYLOCK_HASH_LEN + 1]);

/* Both: the hash of a whole entry. */

int paylock_entry_hash(const paylock_entry_t *e,
    char hex[PAYLOCK_HASH_LEN + 1]);

/*
 * Does the entry carry the hash of its own contents?  1 yes, 0 no, -1 there
 * is no memory or the crypto library fails.
 */

int paylock_entry_intact(const paylock_entry_t *e);

/*
 * Does it change the record of a host?  Who folds a trail passes over the
 * others: a notice, and a pass that is issued, neither open nor close, nor do
 * they explain a loss.
 */

int paylock_entry_changes(const paylock_entry_t *e);

/* Is s of len lower-case hex digits? */

int paylock_hex_check(const paylock_str_t *s, size_t len);


#endif /* _PAYLOCK_AUDIT_H_INCLUDED_ */
