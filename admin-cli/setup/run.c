
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "setup/run.h"


extern char  **environ;


static int run_spawn(const char **argv, const sigset_t *mask, int out, int err,
    pid_t *pid);
static char *run_text(int fd);


/* Files in memory cannot fill up, as pipes do that nobody reads. */

int
run_program(const char **argv, const sigset_t *mask, char **out, char **err)
{
    int    fd[2], rc, status;
    pid_t  pid;

    *out = NULL;
    *err = NULL;

    fd[0] = memfd_create("stdout", MFD_CLOEXEC);
    fd[1] = memfd_create("stderr", MFD_CLOEXEC);

    rc = fd[0] == -1 || fd[1] == -1
         ? errno : run_spawn(argv, mask, fd[0], fd[1], &pid);

    while (rc == 0 && waitpid(pid, &status, 0) == -1) {
        rc = errno == EINTR ? 0 : errno;
    }

    if (rc == 0) {
        *out = run_text(fd[0]);
        *err = run_text(fd[1]);
        rc = *out && *err ? 0 : ENOMEM;
    }

    if (fd[0] != -1) {
        (void) close(fd[0]);
    }

    if (fd[1] != -1) {
        (void) close(fd[1]);
    }

    if (rc) {
        errno = rc;
        return -1;
    }

    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}


static int
run_spawn(const char **argv, const sigset_t *mask, int out, int err,
    pid_t *pid)
{
    int                          rc;
    posix_spawnattr_t            attr;
    posix_spawn_file_actions_t   files;

    if (posix_spawnattr_init(&attr) != 0) {
        return ENOMEM;
    }

    if (posix_spawn_file_actions_init(&files) != 0) {
        (void) posix_spawnattr_destroy(&attr);
        return ENOMEM;
    }

    (void) posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    (void) posix_spawnattr_setsigmask(&attr, mask);

    rc = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);

    if (rc == 0) {
        rc = posix_spawn_file_actions_adddup2(&files, out, 1);
    }

    if (rc == 0) {
        rc = posix_spawn_file_actions_adddup2(&files, err, 2);
    }

    if (rc == 0) {
        rc = posix_spawnp(pid, argv[0], &files, &attr, (char **) argv,
                          environ);
    }

    (void) posix_spawn_file_actions_destroy(&files);
    (void) posix_spawnattr_destroy(&attr);

    return rc;
}


static char *
run_text(int fd)
{
    char        *text;
    ssize_t      n;
    struct stat  st;

    if (fstat(fd, &st) != 0) {
        return NULL;
    }

    text = malloc((size_t) st.st_size + 1);
    n = text ? pread(fd, text, (size_t) st.st_size, 0) : -1;

    if (n < 0) {
        free(text);
        return NULL;
    }

    text[n] = '\0';

    return text;
}
