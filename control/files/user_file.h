
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Files of the user who runs this: where they are, and who else may read
 * them.
 */


#ifndef _USER_FILE_H_INCLUDED_
#define _USER_FILE_H_INCLUDED_


#include <stddef.h>

#include "base/error.h"


/*
 * Puts a path together: name below the directory in an XDG variable, or below
 * fallback in the home directory (XDG Base Directory Specification).  Returns
 * 0, or -1 if it is too long.
 */

int user_file_path(char *path, size_t size, const char *variable,
    const char *fallback, const char *name);

/*
 * Makes the directories of a path, up to its last slash; the last is the
 * user's alone.  Returns 0, or -1.
 */

int user_file_directory(char *path);

/*
 * Refuses an open file that holds a secret if others can read or write it;
 * what is the code of the error.  Returns a status.
 */

int user_file_check_private(error_info_t *error, int fd, const char *path,
    const char *what);


#endif /* _USER_FILE_H_INCLUDED_ */
