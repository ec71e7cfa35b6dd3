
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "files/file_lock.h"


#define LOCK_TRIES  50                 /* every 100 ms */


int
file_lock(const char *path)
{
    int    fd, tries, error;
    char  *copy;

    static const struct timespec  pause = { 0, 100 * 1000 * 1000 };

    copy = strdup(path);

    if (copy == NULL) {
        return -1;
    }

    fd = open(dirname(copy), O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    free(copy);

    if (fd == -1) {
        return -1;
    }

    for (tries = 1; flock(fd, LOCK_EX|LOCK_NB) != 0; tries++) {

        if ((errno != EWOULDBLOCK && errno != EINTR) || tries == LOCK_TRIES) {
            error = errno;
            (void) close(fd);
            errno = error;
            return -1;
        }

        (void) nanosleep(&pause, NULL);
    }

    return fd;
}
