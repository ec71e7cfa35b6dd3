
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A new key and the signers file: begins one, or tells what to add to it.
 */


#ifndef _SIGNERS_BEGIN_H_INCLUDED_
#define _SIGNERS_BEGIN_H_INCLUDED_


#include "cli/admin.h"


#define SIGNERS_BEGIN_PATH  4096


typedef struct {
    int   begin;                       /* there is none: begin the user's */
    char  path[SIGNERS_BEGIN_PATH];
    char  name[PAYLOCK_SIGNER_NAME + 1];
} signers_begin_t;


/*
 * Finds out which file there is, and makes a name of the actor's, after the
 * settings are loaded.  Returns a status.
 */

int signers_begin_look(admin_t *a, signers_begin_t *b);

/*
 * Begins the file with the key, unless there is one already.  Returns a status.
 */

int signers_begin_write(admin_t *a, const signers_begin_t *b,
    const char *key);


#endif /* _SIGNERS_BEGIN_H_INCLUDED_ */
