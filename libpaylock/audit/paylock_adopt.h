
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What an entry of the action "adopt" says: which entries are given up, and
 * behind which one the trail goes on.  The format is written down in
 * docs/audit-format.md.
 */


#ifndef _PAYLOCK_ADOPT_H_INCLUDED_
#define _PAYLOCK_ADOPT_H_INCLUDED_


#include <stdint.h>

#include "paylock_audit.h"


#define PAYLOCK_ADOPT_TEXT  192        /* bytes of a field, and a zero */


typedef struct {
    /* the entries that are given up; last 0: none */

    char      chain[PAYLOCK_CHAIN_LEN + 1];
    uint64_t  first;
    uint64_t  last;
    char      hash[PAYLOCK_HASH_LEN + 1];      /* of the last; zeros: unknown */

    /* the entry that stays; seq 0: none does */

    uint64_t  seq;
    char      stays[PAYLOCK_HASH_LEN + 1];     /* its hash */
} paylock_adopt_t;


/*
 * Reads the fields "lost" and "resumes".  Returns NULL, or why they are not in
 * order, as a static text that fits behind 'entry … '.
 */

const char *paylock_adopt_read(const paylock_entry_t *e, paylock_adopt_t *a);

/* Writes the two fields; what is not there becomes empty. */

void paylock_adopt_write(const paylock_adopt_t *a,
    char lost[PAYLOCK_ADOPT_TEXT], char resumes[PAYLOCK_ADOPT_TEXT]);

/* Does it give up the entry seq of that chain? */

int paylock_adopt_gives_up(const paylock_adopt_t *a,
    const char chain[PAYLOCK_CHAIN_LEN], uint64_t seq);

/* The seq that the entry must have: one more than what is known of. */

uint64_t paylock_adopt_seq(const paylock_adopt_t *a);


#endif /* _PAYLOCK_ADOPT_H_INCLUDED_ */
