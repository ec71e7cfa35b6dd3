
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Moves old entries of the trail into a file.
 */


#ifndef _ARCHIVE_H_INCLUDED_
#define _ARCHIVE_H_INCLUDED_


#include "trail/archived.h"
#include "trail/head.h"
#include "trail/trail_append.h"


typedef struct {
    uint64_t        before;            /* Unix milliseconds */
    head_t          known;             /* what this machine remembers */

    /* results */

    archived_t      ago;               /* what is archived by now */
    archived_t      last;              /* ... and then */
    uint64_t        entries;           /* to be archived; 0: there are none */
    uint64_t        stay;
    head_t          head;              /* the last entry of the trail */

    char            archived[PAYLOCK_ARCHIVED_TEXT];
    char            peaks[PAYLOCK_PEAKS_TEXT];
    trail_append_t  entry;
} archive_t;


/*
 * Verifies the trail, and finds up to which entry it is older than t->before.
 * A transaction is not divided, and the last entry stays.  Return a status.
 */

int archive_decide(control_t *ctl, archive_t *t);

/* Writes the file, and reads it back. */

int archive_write(control_t *ctl, archive_t *t, const char *path);

/*
 * Writes the entry that tells of it and takes the others out of Redis, in one
 * transaction.  The caller has begun t->entry.  If another archive was faster,
 * the file is removed.  path NULL: they were taken out before, and the entry
 * alone is missing.
 */

int archive_commit(control_t *ctl, archive_t *t, const char *path);


#endif /* _ARCHIVE_H_INCLUDED_ */
