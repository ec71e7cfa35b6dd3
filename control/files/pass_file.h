
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The file of keys for passes, one kid:base64 a line.
 */


#ifndef _PASS_FILE_H_INCLUDED_
#define _PASS_FILE_H_INCLUDED_


#include <sys/stat.h>

#include "base/error.h"
#include "paylock_pass.h"


typedef struct {
    char                 text[PAYLOCK_PASS_FILE + 1];
    size_t               len;
    paylock_pass_keys_t  keys;
    struct stat          st;
} pass_file_t;


/*
 * Reads the file; fails if others can read it or if it is malformed.  The
 * caller wipes *f in any case.  Returns a status.
 */

int pass_file_read(error_info_t *error, const char *path, pass_file_t *f);

/* Sets the error "cannot <what> …", by errno.  Returns its status. */

int pass_file_failed(error_info_t *error, const char *path, const char *what,
    const char *mend);


#endif /* _PASS_FILE_H_INCLUDED_ */
