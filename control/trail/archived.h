
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is archived: entries that stand in a file, and no longer in Redis.  A
 * stream that begins behind them holds a signed entry that tells so; the field
 * "archive" of the hash {paylock}:root says where that stands, and is believed
 * only if such an entry is there.
 */


#ifndef _ARCHIVED_H_INCLUDED_
#define _ARCHIVED_H_INCLUDED_


#include "context/control.h"


typedef struct {
    uint64_t           entry;          /* the one that tells; 0: none does */
    char               chain[PAYLOCK_CHAIN_LEN + 1];
    paylock_archive_t  archive;        /* seq 0: the stream is not archived */
} archived_t;


/*
 * Finds the entry that tells what stands before the stream's first one: signed
 * by one of these signers (NULL: not signed is enough).  All functions return a
 * status.
 */

int archived_find(control_t *ctl, const paylock_signers_t *signers,
    archived_t *found);

/* The same by the signers of this machine. */

int archived_here(control_t *ctl, archived_t *found);

/* Begins the verifier, which has taken nothing yet, behind what is archived. */

int archived_begin(control_t *ctl, paylock_verify_t *v);

/*
 * Warns that entries are archived, if whoever reads from entry "from" on misses
 * some.
 */

int archived_warn(control_t *ctl, uint64_t from);

/*
 * Reads the seq of the stream's first entry, and of the one before that, as it
 * says itself; 0: there is none.
 */

int archived_first(control_t *ctl, uint64_t *seq, uint64_t *before);

/* Is entry seq archived, and the stream begins behind it?  Sets *found. */

int archived_holds(control_t *ctl, uint64_t seq, int *holds,
    archived_t *found);


#endif /* _ARCHIVED_H_INCLUDED_ */
