
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Puts a text into the signers file, which is locked meanwhile and replaced as
 * a whole.
 */


#ifndef _SIGNERS_EDIT_H_INCLUDED_
#define _SIGNERS_EDIT_H_INCLUDED_


#include <limits.h>
#include <sys/stat.h>

#include "context/control.h"


#define SIGNERS_PUT  512               /* bytes put into the file, at most */


typedef struct {
    control_t    *ctl;
    char          path[PATH_MAX];      /* symbolic links resolved */
    int           lock;                /* -1: not locked */
    int           there;               /* the file exists */
    struct stat   st;
    signers_t     now;                 /* as it is */
    size_t        at;                  /* where to put */
    char          put[SIGNERS_PUT];    /* empty: nothing to change */
} signers_edit_t;


/*
 * Locks the file and reads it; path NULL is an error.  Returns a status; the
 * caller sets at and put, and in any case calls signers_edit_commit().
 */

int signers_edit_begin(signers_edit_t *e, control_t *ctl, const char *path);

/*
 * Writes the file if status is STATUS_DONE and there is something to put, reads
 * what is there now into ctl->signers, and unlocks; writes nothing that would
 * be refused when read, nor with ctl->dry_run.  *changed says whether there was
 * something to put.  Returns the status, or that of a new error.
 */

int signers_edit_commit(signers_edit_t *e, int status, int *changed);


#endif /* _SIGNERS_EDIT_H_INCLUDED_ */
