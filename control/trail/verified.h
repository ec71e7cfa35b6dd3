
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What this machine remembers of a trail that it verified whole, with its
 * records: what is needed to go on from there, and to report as if all had been
 * verified again.
 */


#ifndef _VERIFIED_H_INCLUDED_
#define _VERIFIED_H_INCLUDED_


#include <stdio.h>

#include "context/control.h"
#include "trail/known_head.h"
#include "trail/replay.h"


/* A host without a record, and the entry that removed it. */

typedef struct {
    unsigned char      host[REPLAY_HASH];
    uint64_t           seq;
} verified_gone_t;


typedef struct {
    head_t             head;           /* seq 0: nothing was verified */
    uint64_t           length;         /* entries of the stream up to there */
    paylock_lattice_t  lattice;        /* of the records */
    paylock_verify_t   trail;          /* counters, keys, what is given up */
    verified_gone_t   *gone;           /* sorted by host */
    size_t             n_gone;
} verified_t;


/*
 * Loads what was verified of a chain by the same signers; else, or if the file
 * cannot be understood, head.seq is 0.  The caller calls verified_free() in any
 * case.  Returns a status.
 */

int verified_load(control_t *ctl, const char *chain, verified_t *v);
void verified_free(verified_t *v);

/*
 * Remembers it, unless more of the trail is remembered already, of which seq is
 * the last entry that was known.  Returns a status.
 */

int verified_save(control_t *ctl, const verified_t *v, uint64_t known);

/* The entry that removed the record of a host; 0: it never had one. */

uint64_t verified_gone(const verified_t *v, const char *host, size_t len);

/* Is the host among the first n, which are sorted? */

int verified_gone_is(const verified_t *v, size_t n,
    const unsigned char host[REPLAY_HASH]);

/* Notes that a host has no record since that entry.  Returns a status. */

int verified_gone_add(control_t *ctl, verified_t *v, size_t *room,
    const unsigned char host[REPLAY_HASH], uint64_t seq);
void verified_gone_sort(verified_t *v);

/*
 * verified_text.c: the file, to be read and written.  Reading returns 0, or -1
 * when it cannot be understood, or is of other signers.
 */

int verified_parse(control_t *ctl, FILE *f, verified_t *v);
void verified_print(control_t *ctl, FILE *f, const verified_t *v);


#endif /* _VERIFIED_H_INCLUDED_ */
