
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Files of the user that runs the program: their paths and permissions.
 */


#ifndef _USER_FILE_H_INCLUDED_
#define _USER_FILE_H_INCLUDED_


#include <stddef.h>

#include "base/error.h"


/*
 * Makes the path of name in the directory that the environment variable gives,
 * or in the directory fallback in the user's home (XDG Base Directory
 * Specification).  Returns 0, or -1 if it is too long.
 */

int user_file_path(char *path, size_t size, const char *variable,
    const char *fallback, const char *name);

/*
 * Creates the directories of a path, up to its last slash; the last one gets
 * mode 0700.  Returns 0, or -1 and sets errno.
 */

int user_file_directory(char *path);

/*
 * Fails if users other than the owner can read or write an open file that holds
 * a secret; "what" is the code of the error.  Returns a status.
 */

int user_file_check_private(error_info_t *error, int fd, const char *path,
    const char *what);


/*
 * Fails if everybody can replace the file with that path, as its directory lets
 * them; "what" is the code of the error.  Returns a status.
 */

int user_file_check_directory(error_info_t *error, const char *path,
    const char *what);


#endif /* _USER_FILE_H_INCLUDED_ */
