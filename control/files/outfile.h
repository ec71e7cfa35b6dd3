
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Files that are written as a whole or not at all.
 */


#ifndef _OUTFILE_H_INCLUDED_
#define _OUTFILE_H_INCLUDED_


#include <stdio.h>

#include "base/error.h"


#define OUTFILE_REPLACE  1             /* an existing file is replaced */
#define OUTFILE_LOCK     2             /* one writer at a time */


typedef struct {
    FILE        *f;                    /* to write to */
    const char  *path;                 /* NULL: standard output, f is NULL */
    char        *temp;
    unsigned     flags;
} outfile_t;


/*
 * Creates a temporary file in the directory of path, of mode 0600.  With
 * OUTFILE_LOCK its name is always path.new; EEXIST if another writer has it.
 * The path must outlive o.  Returns 0, or -1 and sets errno.
 */

int outfile_begin(outfile_t *o, const char *path, unsigned flags);

/*
 * Syncs the file and renames it to its path; without OUTFILE_REPLACE EEXIST if
 * that exists.  On errors the temporary file is removed.  Returns 0, or -1 and
 * sets errno.
 */

int outfile_commit(outfile_t *o);

/* Removes the temporary file; returns -1 and keeps errno. */

int outfile_abort(outfile_t *o);

/* Syncs and closes a file.  Returns 0, or -1 and sets errno. */

int outfile_sync(FILE *f);

/*
 * The two below are for commands with an option that names their output.
 *
 * Opens a temporary file as outfile_begin() does; if path is NULL or "-" o->f
 * is NULL and the caller prints to standard output.  Fails if the file exists
 * and replace is 0.  Returns a status.
 */

int outfile_open(outfile_t *o, const char *path, int replace,
    error_info_t *error);

/*
 * Commits the file if status is STATUS_DONE, else removes it.  Returns the
 * status, or that of a new error.
 */

int outfile_close(outfile_t *o, int status, error_info_t *error);


#endif /* _OUTFILE_H_INCLUDED_ */
