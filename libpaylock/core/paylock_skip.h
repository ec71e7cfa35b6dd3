
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The second link of each audit entry.  Where prev leads to the entry before,
 * skip leads far back: to the last entry that stands, of those whose seq is not
 * above seq & (seq - 1).  So the way from one entry to another is short.
 */


#ifndef _PAYLOCK_SKIP_H_INCLUDED_
#define _PAYLOCK_SKIP_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "paylock_field.h"


#define PAYLOCK_SKIP_MAX  64           /* bits of a seq */


/* An entry to which a later one may lead. */

typedef struct {
    uint64_t  seq;
    char      hash[PAYLOCK_HASH_LEN];  /* lower-case hex digits, no zero */
} paylock_skip_at_t;


/* Those to which an entry behind the last one may lead; all zero: none yet. */

typedef struct {
    size_t             n;
    paylock_skip_at_t  at[PAYLOCK_SKIP_MAX];   /* their seq ascends */
    unsigned           open:1;         /* before the first: not known */
} paylock_skip_t;


/*
 * Begins behind an entry, whatever is before it; seq 0: behind none, then hash
 * is not looked at.
 */

void paylock_skip_from(paylock_skip_t *s, uint64_t seq, const char *hash);

/* What an entry's seq leads to: the last entry up to this seq; 0: to none. */

uint64_t paylock_skip_target(uint64_t seq);

/*
 * The skip of the entry seq, which must be behind the last one: 64 digits,
 * zeros if it leads to none, or NULL if it is not known.
 */

const char *paylock_skip_find(const paylock_skip_t *s, uint64_t seq);

/* Adds an entry behind the last one. */

void paylock_skip_add(paylock_skip_t *s, uint64_t seq,
    const char hash[PAYLOCK_HASH_LEN]);

/* Copies what is in use. */

void paylock_skip_copy(paylock_skip_t *to, const paylock_skip_t *from);


#endif /* _PAYLOCK_SKIP_H_INCLUDED_ */
