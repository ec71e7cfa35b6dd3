
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Files that are written whole, or not at all.
 */


#ifndef _OUTFILE_H_INCLUDED_
#define _OUTFILE_H_INCLUDED_


#include <stdio.h>

#include "base/error.h"


typedef struct {
    FILE        *f;                    /* to write to */
    const char  *path;                 /* NULL: no file, f is NULL */
    char        *temp;
    int          replace;              /* what is there already */
} outfile_t;


/*
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
