
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Files that are written whole, or not at all.
 */


#ifndef _OUTFILE_H_INCLUDED_
#define _OUTFILE_H_INCLUDED_


#include <stdio.h>

#include "base/error.h"


#define OUTFILE_REPLACE  1             /* may replace what has that name */
#define OUTFILE_LOCK     2             /* one writer at a time */


typedef struct {
    FILE        *f;                    /* to write to */
    const char  *path;                 /* NULL: no file, f is NULL */
    char        *temp;
    unsigned     flags;
} outfile_t;


/*
 * Makes a temporary file beside path, of mode 0600.  With OUTFILE_LOCK its
 * name is always path.new, and it is an error (EEXIST) that it is there.  The
 * path must outlive o.  Returns 0, or -1 and errno.
 */

int outfile_begin(outfile_t *o, const char *path, unsigned flags);

/*
 * Writes the file to the disk and gives it its name; without OUTFILE_REPLACE
 * it is an error (EEXIST) that another has it.  Removes the temporary file if
 * that fails.  Returns 0, or -1 and errno.
 */

int outfile_commit(outfile_t *o);

/* Removes the temporary file; returns -1, and leaves errno as it is. */

int outfile_abort(outfile_t *o);

/* Writes a file to the disk and closes it.  Returns 0, or -1 and errno. */

int outfile_sync(FILE *f);

/*
 * The same for a command with an option that names its output.
 *
 * Opens a temporary file beside path; a path that is NULL or "-" is standard
 * output, which is the caller's.  Nothing is opened where another file is
 * there already, unless it is to be replaced.  Returns a status.
 */

int outfile_open(outfile_t *o, const char *path, int replace,
    error_info_t *error);

/*
 * Gives the file its name once it is on the disk, if the status is done; else
 * removes it.  Returns a status.
 */

int outfile_close(outfile_t *o, int status, error_info_t *error);


#endif /* _OUTFILE_H_INCLUDED_ */
