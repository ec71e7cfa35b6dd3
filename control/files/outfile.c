
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


static int outfile_check_target(const outfile_t *o, error_info_t *error);
static int outfile_rename(const outfile_t *o, error_info_t *error);
static int outfile_exists(const outfile_t *o, error_info_t *error);
static int outfile_failed(const outfile_t *o, int rc, error_info_t *error);


int
outfile_open(outfile_t *o, const char *path, int replace, error_info_t *error)
{
    int  fd, rc;

    memset(o, 0, sizeof(outfile_t));

    if (path == NULL || strcmp(path, "-") == 0) {
        return STATUS_DONE;
    }

    o->path = path;
    o->replace = replace;

    if (outfile_check_target(o, error) != STATUS_DONE) {
        return error->status;
    }

    if (asprintf(&o->temp, "%s.XXXXXX", path) < 0) {
        o->temp = NULL;
        return error_no_memory(error);
    }

    fd = mkostemp(o->temp, O_CLOEXEC);
    o->f = fd == -1 ? NULL : fdopen(fd, "w");

    if (o->f) {
        return STATUS_DONE;
    }

    rc = errno;

    if (fd != -1) {
        (void) close(fd);
        (void) unlink(o->temp);
    }

    free(o->temp);

    return outfile_failed(o, rc, error);
}


int
outfile_close(outfile_t *o, int status, error_info_t *error)
{
    int  bad;

    if (o->path == NULL) {
        return status;
    }

    errno = 0;
    bad = ferror(o->f) || fflush(o->f) != 0 || fsync(fileno(o->f)) != 0;

    if (bad && status == STATUS_DONE) {
        status = outfile_failed(o, errno ? errno : EIO, error);
    }

    if (fclose(o->f) != 0 && status == STATUS_DONE) {
        status = outfile_failed(o, errno, error);
    }

    if (status == STATUS_DONE) {
        status = outfile_rename(o, error);
    }

    if (status != STATUS_DONE) {
        (void) unlink(o->temp);
    }

    free(o->temp);

    return status;
}


/* A device or a directory is never replaced. */

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

    return o->replace ? STATUS_DONE : outfile_exists(o, error);
}


static int
outfile_rename(const outfile_t *o, error_info_t *error)
{
    if (renameat2(AT_FDCWD, o->temp, AT_FDCWD, o->path,
                  o->replace ? 0 : RENAME_NOREPLACE) == 0)
    {
        return STATUS_DONE;
    }

    /* not every file system can rename so */

    if (errno == EINVAL && link(o->temp, o->path) == 0) {
        (void) unlink(o->temp);
        return STATUS_DONE;
    }

    return errno == EEXIST ? outfile_exists(o, error)
                           : outfile_failed(o, errno, error);
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
