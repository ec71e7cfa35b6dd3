
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
#include "paylock_hex.h"
#include "paylock_str.h"


#define PAYLOCK_AUDIT_VERSION  "2"
#define PAYLOCK_ENTRY_PAIRS    64      /* fields of an entry, at most */


/* A field as it stands in the stream, known or not. */

typedef struct {
    paylock_str_t   name;
    paylock_str_t   value;
} paylock_pair_t;


/*
 * An entry.  One that was read has all its fields in pair, in their order.
 * One that is made has n 0: its fields stand in the order of the table.
 */

typedef struct {
    uint64_t        seq;
    paylock_str_t   field[PAYLOCK_AUDIT_FIELDS];   /* absent: len 0 */
    size_t          n;
    paylock_pair_t  pair[PAYLOCK_ENTRY_PAIRS];
} paylock_entry_t;


/*
 * Reads a stream entry as XRANGE and XREAD give it, [id, [name, value, …]].
 * The fields point into the reply.  Returns NULL, or why it is no audit
 * entry (id not <seq>-0, unknown version, more than 64 fields, a field twice
 * or not UTF-8, a name with other characters than letters, digits, "_" and
 * "-" or that exports need, time not a number, a field not of as many hex
 * digits as it must have), as a static text that fits behind 'entry … '.
 * Fields that are not in the table are only hashed.
 */

const char *paylock_entry_read(const redisReply *reply, paylock_entry_t *e);

/*
 * The same for an entry that came another way: takes the next field, which
 * must outlive the entry, its name with a zero behind it; then checks them
 * all.  Both return as above.
 */

const char *paylock_entry_take(paylock_entry_t *e, paylock_str_t name,
    paylock_str_t value);
const char *paylock_entry_check(const paylock_entry_t *e);

/*
 * The text whose SHA-256 is the entry's leaf, len bytes without a zero; the
 * caller frees it.  NULL when out of memory.
 */

char *paylock_entry_leaf_text(const paylock_entry_t *e, size_t *len);

/*
 * The leaf of an entry; the hash of an entry from what it covers, in
 * lower-case hex digits.  Results are 64 such digits and a zero.  Both return
 * 0, or -1 when out of memory or if the crypto library fails.
 */

int paylock_entry_leaf(const paylock_entry_t *e,
    char hex[PAYLOCK_HASH_LEN + 1]);
int paylock_entry_link(const char *chain, uint64_t seq, const char *prev,
    const char *skip, const char *leaf, char hex[PAYLOCK_HASH_LEN + 1]);

/* The hash of an entry from its fields.  Returns the same. */

int paylock_entry_hash(const paylock_entry_t *e,
    char hex[PAYLOCK_HASH_LEN + 1]);

/*
 * Does the entry carry the hash of its contents?  1 yes, 0 no, -1 if it cannot
 * be told: out of memory, or the crypto library fails.
 */

int paylock_entry_intact(const paylock_entry_t *e);

/*
 * Does the entry write the record of a host?  Not so an entry without a host,
 * an init and an adopt.  Does it change what the record says?  Not so a notice
 * and a pass that is issued either: these write only their number.
 */

int paylock_entry_writes(const paylock_entry_t *e);
int paylock_entry_changes(const paylock_entry_t *e);

/* The seq of the host's entry before this one, as it says; 0: there is none. */

uint64_t paylock_entry_prior(const paylock_entry_t *e);


#endif /* _PAYLOCK_AUDIT_H_INCLUDED_ */
