
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "context/signers.h"
#include "files/user_file.h"
#include "paylock_hex.h"


#define SIGNERS_SIZE  (1024 * 1024)    /* bytes, at most */
#define SIGNERS_PATH  4096


static const char *signers_path(const settings_t *settings, char *made);
static int signers_open(const char *path, int *fd, error_info_t *error);
static int signers_check(int fd, const char *path, error_info_t *error);
static int signers_text(signers_t *s, int fd, error_info_t *error);


int
signers_load(signers_t *s, const settings_t *settings, error_info_t *error)
{
    int          status;
    char         made[SIGNERS_PATH];
    const char  *path;

    memset(s, 0, sizeof(signers_t));
    path = signers_path(settings, made);

    if (path == NULL) {
        return STATUS_DONE;
    }

    status = signers_read(s, path, error);

    if (status == STATUS_DONE && s->list.n == 0) {
        signers_free(s);
        return error_set(error, STATUS_FAILED, "signers",
                         "add a line with a name and the public key that "
                         "\"paylock-admin keygen\" printed, or remove the "
                         "file", "\"%.1000s\" names no signer", path);
    }

    return status;
}


/* NULL: there is no signers file. */

static const char *
signers_path(const settings_t *settings, char *made)
{
    if (settings->value[SET_SIGNERS]) {
        return settings->value[SET_SIGNERS];
    }

    if (signers_there(SIGNERS_HOST)) {
        return SIGNERS_HOST;
    }

    return signers_user_path(made, SIGNERS_PATH) == 0 && signers_there(made)
           ? made : NULL;
}


int
signers_user_path(char *path, size_t size)
{
    return user_file_path(path, size, "XDG_CONFIG_HOME", ".config",
                          SIGNERS_FILE);
}


int
signers_there(const char *path)
{
    return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0
           || (errno != ENOENT && errno != ENOTDIR);
}


int
signers_read(signers_t *s, const char *path, error_info_t *error)
{
    int  fd, status;

    fd = -1;
    memset(s, 0, sizeof(signers_t));
    s->path = strdup(path);

    if (s->path == NULL) {
        return error_no_memory(error);
    }

    status = signers_open(path, &fd, error);

    if (status == STATUS_DONE) {
        status = signers_text(s, fd, error);
        (void) close(fd);
    }

    if (status == STATUS_DONE) {
        status = signers_parse(s, error);
    }

    if (status != STATUS_DONE) {
        signers_free(s);
    }

    return status;
}


/* Refuses symbolic links of other users: they could name other signers. */

static int
signers_open(const char *path, int *fd, error_info_t *error)
{
    int          rc;
    struct stat  st;

    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)
        && st.st_uid != geteuid() && st.st_uid != 0)
    {
        return error_set(error, STATUS_FAILED, "signers",
                         "name the file itself", "\"%.1000s\" is a symbolic "
                         "link of another user", path);
    }

    /* so that a FIFO is refused and not waited for */

    *fd = open(path, O_RDONLY|O_CLOEXEC|O_NONBLOCK|O_NOCTTY);

    if (*fd == -1) {
        rc = errno;
        return error_set(error, STATUS_FAILED, "signers",
                         rc == ENOENT ? "make it, or name another with "
                                        "--signers"
                                      : "make it readable for everybody: it "
                                        "holds no secret",
                         "cannot read the signers in \"%.1000s\": %s", path,
                         strerror(rc));
    }

    if (signers_check(*fd, path, error) != STATUS_DONE
        || user_file_check_directory(error, path, "signers") != STATUS_DONE)
    {
        (void) close(*fd);
        return error->status;
    }

    return STATUS_DONE;
}


static int
signers_check(int fd, const char *path, error_info_t *error)
{
    char         mend[SIGNERS_PATH];
    struct stat  st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return error_set(error, STATUS_FAILED, "signers",
                         "name a file with a line \"NAME KEY\" for each "
                         "signer", "\"%.1000s\" is not a file", path);
    }

    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        (void) snprintf(mend, sizeof(mend), "chown root %.900s", path);

        return error_set(error, STATUS_FAILED, "signers", mend,
                         "\"%.1000s\", which says whose signatures count, "
                         "belongs to another user", path);
    }

    if (st.st_mode & (S_IWGRP|S_IWOTH)) {
        (void) snprintf(mend, sizeof(mend), "chmod go-w %.900s", path);

        return error_set(error, STATUS_FAILED, "signers", mend,
                         "others can write \"%.1000s\", which says whose "
                         "signatures count", path);
    }

    return STATUS_DONE;
}


static int
signers_text(signers_t *s, int fd, error_info_t *error)
{
    ssize_t  n;

    s->text = malloc(SIGNERS_SIZE + 1);

    if (s->text == NULL) {
        return error_no_memory(error);
    }

    do {
        n = read(fd, s->text + s->len, SIGNERS_SIZE + 1 - s->len);

        if (n < 0) {
            return error_set(error, STATUS_FAILED, "signers", NULL,
                             "cannot read the signers in \"%.1000s\": %s",
                             s->path, strerror(errno));
        }

        s->len += (size_t) n;

    } while (n && s->len <= SIGNERS_SIZE);

    return STATUS_DONE;
}


int
signers_parse(signers_t *s, error_info_t *error)
{
    unsigned        line;
    const char     *why;
    unsigned char   digest[SHA256_DIGEST_LENGTH];

    if (s->len > SIGNERS_SIZE) {
        return error_set(error, STATUS_FAILED, "signers",
                         "name a file with a line \"NAME KEY\" for each "
                         "signer", "\"%.1000s\" has more than 1 MB", s->path);
    }

    why = paylock_signers_read(s->text, s->len, &s->list, &line);

    if (why) {
        return error_set(error, STATUS_FAILED, "signers",
                         "correct that line: nobody counts until then",
                         "line %u of \"%.1000s\" %s", line, s->path, why);
    }

    (void) SHA256((unsigned char *) s->text, s->len, digest);

    paylock_hex(digest, sizeof(digest), s->digest);

    return STATUS_DONE;
}


void
signers_free(signers_t *s)
{
    paylock_signers_free(&s->list);
    free(s->path);
    free(s->text);
    memset(s, 0, sizeof(signers_t));
}
