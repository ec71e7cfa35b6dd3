
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/outfile.h"


/* musl has neither this nor renameat2() */

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE  1
#endif


static int outfile_rename(const outfile_t *o);
static int outfile_settle(const char *path);
static int outfile_check_target(const outfile_t *o, error_info_t *error);
static int outfile_exists(const outfile_t *o, error_info_t *error);
static int outfile_failed(const outfile_t *o, int rc, error_info_t *error);


int
outfile_begin(outfile_t *o, const char *path, unsigned flags)
{
    int  fd, error;

    o->path = path;
    o->flags = flags;

    if (asprintf(&o->temp, "%s.%s", path, flags & OUTFILE_LOCK ? "new"
                                                               : "XXXXXX") < 0)
    {
        errno = ENOMEM;
        return -1;
    }

    fd = flags & OUTFILE_LOCK
         ? open(o->temp, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600)
         : mkostemp(o->temp, O_CLOEXEC);

    o->f = fd == -1 ? NULL : fdopen(fd, "w");

    if (o->f) {
        return 0;
    }

    error = errno;

    if (fd != -1) {
        (void) close(fd);
        (void) unlink(o->temp);
    }

    free(o->temp);
    errno = error;

    return -1;
}


int
outfile_commit(outfile_t *o)
{
    int  error;

    error = outfile_sync(o->f) == 0 && outfile_rename(o) == 0 ? 0 : errno;

    if (error) {
        (void) unlink(o->temp);
    }

    free(o->temp);
    errno = error;

    return error ? -1 : 0;
}


int
outfile_abort(outfile_t *o)
{
    int  error;

    error = errno;
    (void) fclose(o->f);
    (void) unlink(o->temp);
    free(o->temp);
    errno = error;

    return -1;
}


int
outfile_sync(FILE *f)
{
    int  error;

    errno = 0;
    error = ferror(f) || fflush(f) != 0 || fsync(fileno(f)) != 0
            ? (errno ? errno : EIO) : 0;

    if (fclose(f) != 0 && error == 0) {
        error = errno;
    }

    errno = error;

    return error ? -1 : 0;
}


int
outfile_open(outfile_t *o, const char *path, int replace, error_info_t *error)
{
    memset(o, 0, sizeof(outfile_t));

    if (path == NULL || strcmp(path, "-") == 0) {
        return STATUS_DONE;
    }

    o->path = path;
    o->flags = replace ? OUTFILE_REPLACE : 0;

    if (outfile_check_target(o, error) != STATUS_DONE) {
        return error->status;
    }

    return outfile_begin(o, path, o->flags) == 0
           ? STATUS_DONE : outfile_failed(o, errno, error);
}


int
outfile_close(outfile_t *o, int status, error_info_t *error)
{
    if (o->path == NULL) {
        return status;
    }

    if (status != STATUS_DONE) {
        (void) outfile_abort(o);
        return status;
    }

    if (outfile_commit(o) == 0 && outfile_settle(o->path) == 0) {
        return STATUS_DONE;
    }

    return errno == EEXIST ? outfile_exists(o, error)
                           : outfile_failed(o, errno, error);
}


static int
outfile_rename(const outfile_t *o)
{
    if (syscall(SYS_renameat2, AT_FDCWD, o->temp, AT_FDCWD, o->path,
                o->flags & OUTFILE_REPLACE ? 0 : RENAME_NOREPLACE) == 0)
    {
        return 0;
    }

    /* EINVAL: the file system does not support RENAME_NOREPLACE */

    if (errno == EINVAL && link(o->temp, o->path) == 0) {
        (void) unlink(o->temp);
        return 0;
    }

    return -1;
}


/* A new name survives a crash only if its directory is written, too. */

static int
outfile_settle(const char *path)
{
    int    fd, error;
    char  *copy;

    copy = strdup(path);

    if (copy == NULL) {
        return -1;
    }

    fd = open(dirname(copy), O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    error = fd == -1 || fsync(fd) != 0 ? errno : 0;

    if (fd != -1) {
        (void) close(fd);
    }

    free(copy);
    errno = error;

    /* whoever may not read it cannot do that; nor can all file systems */

    return error == 0 || error == EACCES || error == EINVAL ? 0 : -1;
}


/* Refuses to replace a device or a directory. */

static int
outfile_check_target(const outfile_t *o, error_info_t *error)
{
    struct stat  st;

    if (lstat(o->path, &st) != 0) {
        return errno == ENOENT ? STATUS_DONE : outfile_failed(o, errno, error);
    }

    if (!S_ISREG(st.st_mode)) {
        return error_set(error, STATUS_FAILED, "output",
                         "give the name of a file",
                         "\"%.200s\" is there, and is no file", o->path);
    }

    return o->flags & OUTFILE_REPLACE ? STATUS_DONE : outfile_exists(o, error);
}


static int
outfile_exists(const outfile_t *o, error_info_t *error)
{
    return error_set(error, STATUS_FAILED, "output",
                     "give another name, or --yes to replace it",
                     "\"%.200s\" is there already", o->path);
}


static int
outfile_failed(const outfile_t *o, int rc, error_info_t *error)
{
    return error_set(error, STATUS_FAILED, "output",
                     rc == ENOSPC ? "make room there, or give another name"
                                  : NULL,
                     "\"%.200s\" cannot be written: %s", o->path,
                     strerror(rc));
}
