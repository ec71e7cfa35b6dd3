
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Files that a command writes: whole, or not at all, and never over another
 * without a yes.
 */


#ifndef _OUTFILE_H_INCLUDED_
#define _OUTFILE_H_INCLUDED_


#include <stdio.h>

#include "commands.h"


typedef struct {
    FILE        *f;
    const char  *path;                 /* NULL: standard output */
    char        *temp;
} keep_t;


/* Opens what --output names, by default standard output.  A status. */

int keep_open(admin_t *a, keep_t *k);

/*
 * Gives the file its name, if the status is done; else there is none.
 * Returns a status.
 */

int keep_close(admin_t *a, keep_t *k, int status);


#endif /* _OUTFILE_H_INCLUDED_ */
