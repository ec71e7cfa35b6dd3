
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The lattice of the records that are in Redis, which threads compute while
 * they are still read.
 */


#ifndef _ROOT_SCAN_H_INCLUDED_
#define _ROOT_SCAN_H_INCLUDED_


#include "context/control.h"


typedef struct root_page_s  root_page_t;

typedef struct {
    paylock_lattice_t   lattice;       /* a pair that comes twice is in twice */
    root_page_t        *pages;         /* all pairs */
    size_t              n;
} root_scan_t;


/*
 * Reads and adds all records; *records is their number at the beginning.  The
 * caller calls root_scan_free() in any case.  All return a status.
 */

int root_scan(control_t *ctl, root_scan_t *s, uint64_t *records);

/* The same; each pair is in but once. */

int root_scan_all(control_t *ctl, root_scan_t *s);
void root_scan_free(root_scan_t *s);

/* Takes these pairs out again, if they are there: sorted, each but once. */

int root_scan_remove(control_t *ctl, root_scan_t *s,
    unsigned char (*pair)[PAYLOCK_PAIR], size_t n);

/* Leaves each pair in but once; those n were removed, and stay so. */

int root_scan_unique(control_t *ctl, root_scan_t *s,
    unsigned char (*removed)[PAYLOCK_PAIR], size_t n);

/* Calls each for all pairs, some perhaps twice. */

void root_scan_each(const root_scan_t *s,
    void (*each)(void *data, const unsigned char pair[PAYLOCK_PAIR]),
    void *data);

/* For qsort() and bsearch(). */

int root_scan_order(const void *one, const void *two);


#endif /* _ROOT_SCAN_H_INCLUDED_ */
