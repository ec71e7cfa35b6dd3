
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The root: one hash for all records, which each signature covers.  Its lattice
 * stands in Redis with the number of the entry that it is of, and is believed
 * if its hash is the root that this entry signed.
 */


#ifndef _ROOT_H_INCLUDED_
#define _ROOT_H_INCLUDED_


#include "context/control.h"
#include "trail/head_type.h"


/*
 * Read the lattice: the first queues the command, the second takes the reply.
 * Without a key to sign with they do nothing.  All functions return a status,
 * where nothing else is said.
 */

int root_queue(control_t *ctl);
int root_take(control_t *ctl);

/* The same at once, whoever has a key. */

int root_fetch(control_t *ctl);

/*
 * Makes the lattice that of the records after *head, whose root is verified if
 * there are signers.  If the one in Redis is another one, it is computed anew
 * from the records, which must be those that were signed.
 */

int root_begin(control_t *ctl, const head_t *head);

/* The same from the records alone, whatever they are. */

int root_of_records(control_t *ctl);

/*
 * The same in two steps: the caller collects the records, some of them perhaps
 * twice, as HSCAN returns them.  root_of_pairs() frees them.
 */

typedef struct {
    unsigned char  (*pair)[PAYLOCK_PAIR];
    size_t           n;
    size_t           room;
} root_pairs_t;

int root_pairs_add(control_t *ctl, root_pairs_t *p, const paylock_str_t *host,
    const paylock_str_t *record);
int root_of_pairs(control_t *ctl, root_pairs_t *p);

/* Sorts the pairs, each once, and adds them up. */

int root_sum(control_t *ctl, root_pairs_t *p, paylock_lattice_t *sum);

/* Replaces the record of a host; before and after: NULL: none. */

int root_change(control_t *ctl, const paylock_str_t *host,
    const paylock_str_t *before, const paylock_str_t *after);

/* The SHA-256 of a pair. */

int root_pair(control_t *ctl, const paylock_str_t *host,
    const paylock_str_t *record, unsigned char pair[PAYLOCK_PAIR]);

/* The root of a lattice, in hex digits; and the one to be signed. */

int root_of(control_t *ctl, const paylock_lattice_t *lattice,
    char hex[PAYLOCK_HASH_LEN + 1]);

int root_sign(control_t *ctl, char hex[PAYLOCK_HASH_LEN + 1]);

/*
 * Queues the command that writes the lattice after the entry seq, and adds it
 * to *queued; if nothing is signed, nothing.
 */

int root_write(control_t *ctl, uint64_t seq, size_t *queued);


#endif /* _ROOT_H_INCLUDED_ */
