
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reading the audit trail entry by entry.
 */


#ifndef _TRAIL_H_INCLUDED_
#define _TRAIL_H_INCLUDED_


#include <jansson.h>

#include "command.h"
#include "paylock_audit.h"


/*
 * What is done with an entry; why is NULL, or why e is none.  Returns
 * whether to go on.
 */

typedef int (*trail_each_pt)(void *data, const char *id,
    const paylock_entry_t *e, const char *why);

/* Calls each for all entries that there are when it begins. */

int trail_forwards(admin_t *a, trail_each_pt each, void *data);
int trail_backwards(admin_t *a, trail_each_pt each, void *data);

/* Calls each for at most limit entries, the last one first. */

int trail_last(admin_t *a, size_t limit, trail_each_pt each, void *data);

/*
 * Looks among the newest entries for the last one of each host that is a
 * member of seqs, and sets that member to its seq.
 */

int trail_newest(admin_t *a, json_t *seqs);


#endif /* _TRAIL_H_INCLUDED_ */
