
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Which records may hold for a host, and in which order.
 */


#ifndef _PAYLOCK_HOST_CANDIDATES_H_INCLUDED_
#define _PAYLOCK_HOST_CANDIDATES_H_INCLUDED_


#include <stddef.h>

#include "paylock_host.h"


/* The hosts that a record is for, by its name; nginx hashes these numbers. */

typedef enum {
    PAYLOCK_HOST_EXACT = 0,            /* "x": x, and www.x without its own */
    PAYLOCK_HOST_BELOW,                /* "*.x": the names below x */
    PAYLOCK_HOST_FROM                  /* ".x": x and the names below it */
} paylock_host_kind_e;

/* ... and the kind of a record by its whole name. */

paylock_host_kind_e paylock_host_kind(const char *name, size_t len);


/* The name of a record that may hold for a host: it points into the host. */

typedef struct {
    const char           *name;        /* behind "*." or "." */
    size_t                len;
    paylock_host_kind_e   kind;

    /* where to go on */

    const char           *host;
    const char           *end;
    unsigned              step;
    unsigned              www:1;
    unsigned              below:1;
} paylock_host_candidate_t;

/*
 * Begins to list the records that may hold for a host, the strongest first:
 * its own; unless www is 0 that of the name without "www."; from the longest
 * suffix to the shortest ".x", and "*.x" behind it.  The first that there is
 * holds; of ".x" and "*.x" the stricter.  paylock_host_beside() tells that.
 *
 * The host is a name without a prefix; by kind it stands for itself
 * (PAYLOCK_HOST_EXACT), or for what a record of that kind is for: then only
 * suffix records are listed.
 */

void paylock_host_candidates(paylock_host_candidate_t *c, const char *host,
    size_t len, paylock_host_kind_e kind, int www);

/* Takes the next one.  Returns 0 if there is none. */

int paylock_host_next(paylock_host_candidate_t *c);

/* May the candidate hold although one of this name, ".x", has a record? */

#define paylock_host_beside(c, from)                                          \
    ((c)->kind == PAYLOCK_HOST_BELOW && (c)->name == (from))


#endif /* _PAYLOCK_HOST_CANDIDATES_H_INCLUDED_ */
