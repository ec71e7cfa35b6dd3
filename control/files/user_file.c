
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/user_file.h"


#define USER_FILE_PATH  4096
#define MEND            (USER_FILE_PATH + 16)


int
user_file_path(char *path, size_t size, const char *variable,
    const char *fallback, const char *name)
{
    int                   n;
    const char           *base;
    const struct passwd  *user;

    base = getenv(variable);

    /* the XDG specification says to ignore relative paths */

    if (base && *base == '/') {
        n = snprintf(path, size, "%s/%s", base, name);

    } else {
        base = getenv("HOME");

        if (base == NULL || *base == '\0') {
            user = getpwuid(getuid());
            base = user ? user->pw_dir : "";
        }

        n = snprintf(path, size, "%s/%s/%s", base, fallback, name);
    }

    if (n >= (int) size) {
        errno = ENAMETOOLONG;
        return -1;
    }

    return 0;
}


int
user_file_directory(char *path)
{
    int    rc;
    char  *p;

    for (p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        rc = mkdir(path, strchr(p + 1, '/') ? 0755 : 0700);
        *p = '/';

        if (rc != 0 && errno != EEXIST) {
            return -1;
        }
    }

    return 0;
}


int
user_file_check_private(error_info_t *error, int fd, const char *path,
    const char *what)
{
    char         mend[MEND];
    struct stat  st;

    if (fstat(fd, &st) == 0 && !(st.st_mode & (S_IROTH|S_IWOTH))) {
        return STATUS_DONE;
    }

    (void) snprintf(mend, sizeof(mend), "chmod 600 %s", path);

    return error_set(error, STATUS_FAILED, what, mend,
                     "\"%s\" holds a secret and others can read or "
                     "write it", path);
}


int
user_file_check_directory(error_info_t *error, const char *path,
    const char *what)
{
    char         mend[MEND], dir[USER_FILE_PATH], *p;
    struct stat  st;

    (void) snprintf(dir, sizeof(dir), "%s", path);
    p = strrchr(dir, '/');

    if (p) {
        p[p == dir] = '\0';

    } else {
        (void) strcpy(dir, ".");
    }

    if (stat(dir, &st) != 0 || !(st.st_mode & S_IWOTH)
        || (st.st_mode & S_ISVTX))
    {
        return STATUS_DONE;
    }

    (void) snprintf(mend, sizeof(mend), "chmod o-w %s", dir);

    return error_set(error, STATUS_FAILED, what, mend,
                     "others can replace \"%s\", as they can write its "
                     "directory", path);
}
