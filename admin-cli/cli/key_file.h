
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A new key of an operator, and the file that it is in.
 */


#ifndef _KEY_FILE_H_INCLUDED_
#define _KEY_FILE_H_INCLUDED_


#include "cli/admin.h"


/*
 * Makes a key, which becomes a->ctl->signer, and a file of it, which must not
 * exist, unless this is a dry run; secret is its passphrase, or NULL.  Returns
 * a status.
 */

int key_file_make(admin_t *a, const char *path, const char *secret);

/* Sets the error "cannot <what> the key", by errno.  Returns its status. */

int key_file_failed(admin_t *a, const char *path, const char *what);


#endif /* _KEY_FILE_H_INCLUDED_ */
