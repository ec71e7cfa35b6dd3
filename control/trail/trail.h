
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reading the audit trail entry by entry.
 */


#ifndef _TRAIL_H_INCLUDED_
#define _TRAIL_H_INCLUDED_


#include <jansson.h>

#include "context/control.h"
#include "paylock_audit.h"


/*
 * What is done with an entry; why is NULL, or why e is none.  Returns
 * whether to go on.
 */

typedef int (*trail_each_pt)(void *data, const char *id,
    const paylock_entry_t *e, const char *why);

/* Calls each for all entries that there are when it begins. */

int trail_forwards(control_t *ctl, trail_each_pt each, void *data);
int trail_backwards(control_t *ctl, trail_each_pt each, void *data);

/* The same forwards, from seq on. */

int trail_from(control_t *ctl, uint64_t seq, trail_each_pt each, void *data);

/*
 * The same from an id on, which becomes that of the next one to come; all
 * zero is before the first.  And waits, for a second at most, until there is
 * one.
 */

typedef struct {
    uint64_t  ms;
    uint64_t  n;
} trail_id_t;

int trail_on(control_t *ctl, trail_id_t *from, trail_each_pt each, void *data);
int trail_wait(control_t *ctl, const trail_id_t *from, int *came);

/* Calls each for at most limit entries, the last one first. */

int trail_last(control_t *ctl, size_t limit, trail_each_pt each, void *data);

/*
 * Looks among the newest entries for the last one of each host that is a
 * member of seqs, and sets that member to its seq.
 */

int trail_newest(control_t *ctl, json_t *seqs);


#endif /* _TRAIL_H_INCLUDED_ */
