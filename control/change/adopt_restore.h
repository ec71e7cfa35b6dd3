
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the files of adopt_verify() share: which records an adopt puts back.
 */


#ifndef _ADOPT_RESTORE_H_INCLUDED_
#define _ADOPT_RESTORE_H_INCLUDED_


#include "change/adopt.h"
#include "trail/replay.h"
#include "trail/root.h"


/* A record whose entry stands in an archive, by the number of both. */

typedef struct {
    uint64_t              seq;
    size_t                record;
    const replay_host_t  *host;
} restore_late_t;


typedef struct {
    control_t       *ctl;
    adopt_t         *adopt;
    replay_t         replay;
    root_pairs_t     pairs;            /* the records that stay */
    root_pairs_t     plain;            /* those of no entry */
    unsigned         doubted:1;        /* those of archived entries as well */
    restore_late_t  *late;             /* to be read from the archives */
    size_t           n_late;
    int              status;
} restore_t;


/*
 * adopt_restore_records.c: compares all records with what was replayed; lists
 * those to put back in r->adopt, and sets the lattice of all that are there
 * then.  Returns a status.
 */

int restore_compare(restore_t *r);

/*
 * adopt_restore_value.c: sets what the host's last entry wrote, or notes that
 * it is archived; r->status tells of a failure.  The second reads what was
 * noted from the files of the archives, and returns a status.
 */

void restore_fetch(restore_t *r, const replay_host_t *h,
    trail_record_t *record);
int restore_late(restore_t *r);


#endif /* _ADOPT_RESTORE_H_INCLUDED_ */
