
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/outfile.h"


static int keep_free(admin_t *a, const char *path);
static int keep_name(admin_t *a, const keep_t *k);
static int keep_exists(admin_t *a, const char *path);
static int keep_failed(admin_t *a, const char *path, int error);


int
keep_open(admin_t *a, keep_t *k)
{
    int  fd, error;

    memset(k, 0, sizeof(keep_t));
    k->path = a->opt[OPT_OUTPUT];
    k->f = stdout;

    if (k->path && strcmp(k->path, "-") == 0) {
        k->path = NULL;
    }

    if (k->path == NULL) {
        return STATUS_DONE;
    }

    if (keep_free(a, k->path) != STATUS_DONE) {
        return a->problem.status;
    }

    if (asprintf(&k->temp, "%s.XXXXXX", k->path) < 0) {
        k->temp = NULL;
        return admin_memory(a);
    }

    fd = mkostemp(k->temp, O_CLOEXEC);
    error = errno;
    k->f = fd == -1 ? NULL : fdopen(fd, "w");

    if (k->f == NULL) {

        if (fd != -1) {
            error = errno;
            (void) close(fd);
            (void) unlink(k->temp);
        }

        free(k->temp);

        return keep_failed(a, k->path, error);
    }

    return STATUS_DONE;
}


int
keep_close(admin_t *a, keep_t *k, int status)
{
    int  bad;

    if (k->path == NULL) {
        return status;
    }

    errno = 0;
    bad = ferror(k->f) || fflush(k->f) != 0 || fsync(fileno(k->f)) != 0;

    if (bad && status == STATUS_DONE) {
        status = keep_failed(a, k->path, errno ? errno : EIO);
    }

    if (fclose(k->f) != 0 && status == STATUS_DONE) {
        status = keep_failed(a, k->path, errno);
    }

    if (status == STATUS_DONE) {
        status = keep_name(a, k);
    }

    if (status == STATUS_DONE) {
        a->done = "the file is written";

    } else {
        (void) unlink(k->temp);
    }

    free(k->temp);

    return status;
}


/* A device or a directory is never replaced. */

static int
keep_free(admin_t *a, const char *path)
{
    struct stat  st;

    if (lstat(path, &st) != 0) {
        return errno == ENOENT ? STATUS_DONE : keep_failed(a, path, errno);
    }

    if (!S_ISREG(st.st_mode)) {
        return problem_set(&a->problem, STATUS_FAILED, "output",
                           "give the name of a file",
                           "\"%.200s\" is there, and is no file", path);
    }

    return a->opt[OPT_YES] ? STATUS_DONE : keep_exists(a, path);
}


static int
keep_name(admin_t *a, const keep_t *k)
{
    unsigned  flags;

    flags = a->opt[OPT_YES] ? 0 : RENAME_NOREPLACE;

    if (renameat2(AT_FDCWD, k->temp, AT_FDCWD, k->path, flags) == 0) {
        return STATUS_DONE;
    }

    /* not every file system can rename so */

    if (errno == EINVAL && link(k->temp, k->path) == 0) {
        (void) unlink(k->temp);
        return STATUS_DONE;
    }

    return errno == EEXIST ? keep_exists(a, k->path)
                           : keep_failed(a, k->path, errno);
}


static int
keep_exists(admin_t *a, const char *path)
{
    return problem_set(&a->problem, STATUS_FAILED, "output",
                       "give another name, or --yes to replace it",
                       "\"%.200s\" is there already", path);
}


static int
keep_failed(admin_t *a, const char *path, int error)
{
    return problem_set(&a->problem, STATUS_FAILED, "output",
                       error == ENOSPC ? "make room there, or give another "
                                         "name" : NULL,
                       "\"%.200s\" cannot be written: %s", path,
                       strerror(error));
}
