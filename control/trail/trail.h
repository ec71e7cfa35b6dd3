
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads the audit trail entry by entry.
 */


#ifndef _TRAIL_H_INCLUDED_
#define _TRAIL_H_INCLUDED_


#include "context/control.h"
#include "paylock_audit.h"


/*
 * Called for each entry of the stream; why is NULL, or says why e is not a
 * valid entry.  Returns 1 to go on, 0 to stop.
 */

typedef int (*trail_each_pt)(void *data, const char *id,
    const paylock_entry_t *e, const char *why);

/*
 * Call each for all entries that exist at the beginning.  All functions below
 * return a status.
 */

int trail_forwards(control_t *ctl, trail_each_pt each, void *data);
int trail_backwards(control_t *ctl, trail_each_pt each, void *data);

/*
 * The same forwards, beginning with entry seq; with all that stands behind it,
 * whatever its id; seq 0: behind nothing.  Backwards, beginning with entry seq.
 */

int trail_from(control_t *ctl, uint64_t seq, trail_each_pt each, void *data);
int trail_after(control_t *ctl, uint64_t seq, trail_each_pt each, void *data);
int trail_before(control_t *ctl, uint64_t seq, trail_each_pt each, void *data);

/* As trail_after(), but sooner: each sends no commands to Redis. */

int trail_ahead(control_t *ctl, uint64_t seq, trail_each_pt each, void *data);

/*
 * A position in the stream, for following it; all zero: before the first entry.
 * trail_on() reads from *from on and sets it to where to go on, trail_some() no
 * more than limit.  trail_wait()
 * waits for a second at most; *came is 1 if there are new entries.
 */

typedef struct {
    uint64_t  ms;
    uint64_t  n;
} trail_id_t;

int trail_on(control_t *ctl, trail_id_t *from, trail_each_pt each, void *data);
int trail_some(control_t *ctl, trail_id_t *from, size_t limit,
    trail_each_pt each, void *data);
int trail_wait(control_t *ctl, const trail_id_t *from, int *came);

/* Calls each for the last entries, limit at most, the newest first. */

int trail_last(control_t *ctl, size_t limit, trail_each_pt each, void *data);

/*
 * trail_seek.c: sets *seq so that the entries before it are older than that
 * time, in Unix milliseconds, and those from *seq + TRAIL_NEAR on are not.  It
 * reads few of them: of 100 in a row one at least must have a clock that does
 * not lag.
 */

#define TRAIL_NEAR  200

int trail_seek(control_t *ctl, uint64_t time, uint64_t *seq);


#endif /* _TRAIL_H_INCLUDED_ */
