
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Creates the files of a bundle, and their checksums.
 */


#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "evidence/bundle.h"
#include "files/digest.h"
#include "files/outfile.h"


FILE *
bundle_file(bundle_t *b, const char *name)
{
    int    fd;
    FILE  *f;

    fd = openat(b->dir, name, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600);
    f = fd == -1 ? NULL : fdopen(fd, "w");

    if (f == NULL) {
        (void) bundle_failed(b, name, errno);

        if (fd != -1) {
            (void) close(fd);
        }
    }

    return f;
}


int
bundle_file_end(bundle_t *b, FILE *f, const char *name, int rc)
{
    int  error;

    error = outfile_sync(f) == 0 ? 0 : errno;

    if (rc != 0) {
        return control_no_memory(b->ctl);
    }

    if (error) {
        return bundle_failed(b, name, error);
    }

    return b->sums ? bundle_sum(b, name, NULL) : STATUS_DONE;
}


int
bundle_sum(bundle_t *b, const char *name, char hex[PAYLOCK_HASH_LEN + 1])
{
    int   fd, status;
    char  digits[PAYLOCK_HASH_LEN + 1];

    fd = openat(b->dir, name, O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        return bundle_failed(b, name, errno);
    }

    status = digest_file(fd, digits) == 0 ? STATUS_DONE
                                          : bundle_failed(b, name, errno);
    (void) close(fd);

    if (status != STATUS_DONE) {
        return status;
    }

    if (hex) {
        strcpy(hex, digits);

    } else {
        (void) fprintf(b->sums, "%s  %s\n", digits, name);
    }

    return STATUS_DONE;
}


int
bundle_failed(bundle_t *b, const char *name, int error)
{
    return error_set(&b->ctl->error, STATUS_FAILED, "output",
                     error == ENOSPC ? "make room there, or give another "
                                       "name"
                     : error == ENOTEMPTY || error == ENOTDIR
                       || error == EEXIST
                     ? "give the name of a directory that is empty, or not "
                       "there" : NULL,
                     "\"%.200s%s%.100s\" cannot be written: %s", b->path,
                     name ? "/" : "", name ? name : "", strerror(error));
}
