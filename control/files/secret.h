
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Secrets in files: passwords and passphrases.
 */


#ifndef _SECRET_H_INCLUDED_
#define _SECRET_H_INCLUDED_


#include "base/error.h"


/*
 * Sets *secret to the first line of a file; fails if others can read the file.
 * For error messages: "what" is the setting that names the file, "thing" is
 * what it holds.  The caller frees it with secret_free().  Returns a status.
 */

int secret_read(error_info_t *error, const char *path, const char *what,
    const char *thing, char **secret);

/* Wipes a secret and frees it; it may be NULL. */

void secret_free(char *secret);


#endif /* _SECRET_H_INCLUDED_ */
