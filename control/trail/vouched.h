
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Records whose entry is archived: the root that an entry signed vouches for
 * all records at once.  Once they were hashed, this machine remembers them: a
 * pair of host and record is still good if no entry since then took it out.
 */


#ifndef _VOUCHED_H_INCLUDED_
#define _VOUCHED_H_INCLUDED_


#include "trail/head_type.h"
#include "trail/root_scan.h"


/*
 * Is this record one of those that the head signed, of which ctl->root is?  If
 * that is not remembered, all records are read; if they do not fit, none is.
 * Sets *vouched.  All functions return a status, where nothing else is said.
 */

int vouched_record(control_t *ctl, const head_t *head,
    const paylock_str_t *host, const paylock_str_t *record, int *vouched);

/*
 * vouched_learn.c: reads all records, and remembers them if they are those of
 * ctl->root.  The second is given them: they are those that the head signed,
 * but for n pairs, which are sorted.  It takes them if anything is archived.
 */

int vouched_learn(control_t *ctl, const head_t *head);
int vouched_take(control_t *ctl, const head_t *head, const root_scan_t *s,
    unsigned char (*but)[PAYLOCK_PAIR], size_t n);

/*
 * vouched_file.c: load what is remembered of this chain, by the same signers;
 * and remember it.  What cannot be read, or written, is not remembered.
 */

void vouched_load(control_t *ctl, const char *chain);
void vouched_save(control_t *ctl);

/* For qsort() and bsearch(). */

int vouched_order(const void *one, const void *two);

/* Has a pair been taken out since? */

#define vouched_gone(v, i)  ((v)->gone[(i) / 8] >> ((i) & 7) & 1)


#endif /* _VOUCHED_H_INCLUDED_ */
