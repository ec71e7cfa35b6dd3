
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Audit entries: their fields in the stream and the hash that chains them.
 * The encoding is written down in docs/audit-format.md.
 */


#ifndef _PAYLOCK_AUDIT_H_INCLUDED_
#define _PAYLOCK_AUDIT_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "paylock_str.h"


#define PAYLOCK_AUDIT_VERSION  "1"
#define PAYLOCK_CHAIN_LEN      32      /* hex digits of 16 bytes */
#define PAYLOCK_HASH_LEN       64      /* hex digits of a SHA-256 */


/* in the order of the encoding; all but the hash itself are hashed */

typedef enum {
    PAYLOCK_AUDIT_V = 0,
    PAYLOCK_AUDIT_CHAIN,
    PAYLOCK_AUDIT_TIME,                /* Unix milliseconds, decimal */
    PAYLOCK_AUDIT_ACTOR,
    PAYLOCK_AUDIT_MACHINE,
    PAYLOCK_AUDIT_ACTION,              /* init, lock, unlock, reset, adopt */
    PAYLOCK_AUDIT_HOST,                /* empty: concerns no host */
    PAYLOCK_AUDIT_BEFORE,              /* the record, empty if none */
    PAYLOCK_AUDIT_AFTER,
    PAYLOCK_AUDIT_REASON,
    PAYLOCK_AUDIT_INVOICE,
    PAYLOCK_AUDIT_REQUEST,
    PAYLOCK_AUDIT_PREV,
    PAYLOCK_AUDIT_HASH,
    PAYLOCK_AUDIT_FIELDS
} paylock_audit_field_e;


/* the fields' names in the stream, by paylock_audit_field_e */

extern const char *const  paylock_audit_names[PAYLOCK_AUDIT_FIELDS];


typedef struct {
    uint64_t       seq;
    paylock_str_t  field[PAYLOCK_AUDIT_FIELDS];   /* absent: len 0 */
} paylock_entry_t;


/*
 * Reads a stream entry as XRANGE and XREAD give it, [id, [name, value, …]].
 * The fields point into the reply.  Returns NULL, or why it is no audit
 * entry (id not <seq>-0, unknown version, field twice or not UTF-8, time not
 * a number, chain, prev or hash not hex of the right length), as a static
 * text that fits behind 'entry … '.  Unknown fields are passed over.
 */

const char *paylock_entry_read(const redisReply *reply, paylock_entry_t *e);

/*
 * The hash of an entry, as 64 lower-case hex digits and a zero: SHA-256
 * over the encoding of seq and of all fields before the hash.  Returns 0, or
 * -1 if the crypto library fails.
 */

int paylock_entry_hash(const paylock_entry_t *e,
    char hex[PAYLOCK_HASH_LEN + 1]);

/*
 * Does the entry carry the hash of its own contents?  1 yes, 0 no, -1 the
 * crypto library fails.
 */

int paylock_entry_intact(const paylock_entry_t *e);


#endif /* _PAYLOCK_AUDIT_H_INCLUDED_ */
