
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/outfile.h"
#include "files/user_file.h"
#include "setup/lines.h"


#define LINES_MAX  1048576             /* bytes of a file */


static int lines_owner(FILE *f, const char *path, mode_t mode);
static int lines_failed(error_info_t *error, const char *what,
    const char *path);
static const char *lines_look(const char *text, const char *word,
    const char *before, size_t *len);
static int lines_splice(char **text, size_t at, size_t len, const char *put);


int
lines_read(error_info_t *error, const char *path, char **text)
{
    int          fd;
    FILE        *f;
    size_t       n;
    struct stat  st;

    *text = calloc(1, LINES_MAX + 1);

    if (*text == NULL) {
        return error_no_memory(error);
    }

    /* a FIFO would be waited for */

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NONBLOCK|O_NOCTTY);

    if (fd == -1) {
        return errno == ENOENT ? STATUS_DONE
                               : lines_failed(error, "read", path);
    }

    f = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;

    if (f == NULL) {
        (void) close(fd);
        return error_set(error, STATUS_FAILED, "file", "name a file",
                         "\"%.1000s\" is there, and is no file", path);
    }

    n = fread(*text, 1, LINES_MAX, f);

    if (ferror(f) || strlen(*text) != n || n == LINES_MAX) {
        errno = ferror(f) ? errno : EFBIG;
        (void) fclose(f);
        return lines_failed(error, "read", path);
    }

    (void) fclose(f);

    return STATUS_DONE;
}


int
lines_write(error_info_t *error, const char *path, const char *text,
    mode_t mode)
{
    int        failed;
    char       real[PATH_MAX];
    outfile_t  out;

    if (realpath(path, real) == NULL) {
        (void) snprintf(real, sizeof(real), "%s", path);
    }

    if (user_file_directory(real) != 0
        || outfile_begin(&out, real, OUTFILE_REPLACE) != 0)
    {
        return lines_failed(error, "write", path);
    }

    failed = fputs(text, out.f) < 0 || lines_owner(out.f, real, mode) != 0;

    if ((failed ? outfile_abort(&out) : outfile_commit(&out)) != 0) {
        return lines_failed(error, "write", path);
    }

    return STATUS_DONE;
}


static int
lines_owner(FILE *f, const char *path, mode_t mode)
{
    char         dir[PATH_MAX];
    struct stat  st;

    if (stat(path, &st) == 0) {
        return fchown(fileno(f), st.st_uid, st.st_gid) == 0
               ? fchmod(fileno(f), st.st_mode & 07777) : -1;
    }

    (void) snprintf(dir, sizeof(dir), "%s", path);

    return stat(dirname(dir), &st) == 0
           && fchown(fileno(f), (uid_t) -1, st.st_gid) == 0
           ? fchmod(fileno(f), mode) : -1;
}


static int
lines_failed(error_info_t *error, const char *what, const char *path)
{
    return error_set(error, STATUS_FAILED, "file", lines_mend(errno),
                     "cannot %s \"%.1000s\": %s", what, path, strerror(errno));
}


const char *
lines_mend(int error)
{
    switch (error) {

    case EACCES:
    case EPERM:
        return "run it as root";

    case EROFS:
        return "mount it to be written, and run this again";

    case ENOSPC:
    case EDQUOT:
        return "make room there, and run this again";

    default:
        return NULL;
    }
}


const char *
lines_find(const char *text, const char *word, size_t *len)
{
    return lines_look(text, word, " \t", len);
}


/* Finds a line with the word behind any of the characters in "before". */

static const char *
lines_look(const char *text, const char *word, const char *before, size_t *len)
{
    size_t       n;
    const char  *p;

    n = strlen(word);

    for ( ;; ) {
        *len = strcspn(text, "\n");
        p = text + strspn(text, before);

        if (strncmp(p, word, n) == 0 && strchr(" \t=;\n", p[n])) {
            return text;
        }

        if (text[*len] == '\0') {
            return NULL;
        }

        text += *len + 1;
    }
}


int
lines_put(char **text, const char *word, const char *line)
{
    int          rc;
    char        *put;
    size_t       len, all;
    const char  *at;

    at = lines_look(*text, word, "#", &len);

    if (at) {
        return lines_splice(text, (size_t) (at - *text), len, line);
    }

    all = strlen(*text);

    if (asprintf(&put, "%s%s\n", all && (*text)[all - 1] != '\n' ? "\n" : "",
                 line)
        < 0)
    {
        return -1;
    }

    rc = lines_splice(text, all, 0, put);
    free(put);

    return rc;
}


int
lines_comment(char **text, const char *word)
{
    size_t       len;
    const char  *at;

    at = lines_find(*text, word, &len);

    return at ? lines_splice(text, (size_t) (at - *text), 0, "#") : 0;
}


static int
lines_splice(char **text, size_t at, size_t len, const char *put)
{
    char  *now;

    if (asprintf(&now, "%.*s%s%s", (int) at, *text, put, *text + at + len)
        < 0)
    {
        return -1;
    }

    free(*text);
    *text = now;

    return 0;
}
