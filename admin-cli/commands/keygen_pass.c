
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "keygen --pass": makes a file of keys for passes, or puts a new key before
 * those that are there.
 */


#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli/admin.h"
#include "cli/output.h"
#include "cli/pass_file.h"


#define KEYGEN_KID  "k%u"


typedef struct {
    char         path[PATH_MAX];       /* no symbolic link */
    char         temp[PATH_MAX + 8];
    int          there;
    pass_file_t  old;
    char         kid[PAYLOCK_PASS_KID + 1];
    char         line[PAYLOCK_PASS_LINE];
    size_t       keep;                 /* bytes of the old lines */
    size_t       dropped;
} keygen_t;


static int keygen_run(admin_t *a, keygen_t *k);
static int keygen_path(admin_t *a, keygen_t *k);
static int keygen_open(admin_t *a, const keygen_t *k, int *fd);
static int keygen_make(admin_t *a, keygen_t *k);
static void keygen_kid(keygen_t *k);
static void keygen_keep(keygen_t *k);
static int keygen_write(admin_t *a, const keygen_t *k, int fd, int status);
static int keygen_put(const keygen_t *k, int fd);
static int keygen_told(admin_t *a, const keygen_t *k);


int
keygen_passes(admin_t *a)
{
    int       status;
    keygen_t  k;

    if (a->n_args || a->opt[OPT_PASSPHRASE]) {
        return error_set(&a->ctl->error, STATUS_USAGE, "pass_key",
                         "give --pass FILE alone",
                         "the keys of passes have neither a second file nor "
                         "a passphrase");
    }

    memset(&k, 0, sizeof(keygen_t));

    status = keygen_run(a, &k);

    explicit_bzero(&k, sizeof(keygen_t));

    return status;
}


/* The new file is begun before the old one is read: one at a time does so. */

static int
keygen_run(admin_t *a, keygen_t *k)
{
    int  fd, status;

    fd = -1;
    status = keygen_path(a, k);

    if (status == STATUS_DONE && a->opt[OPT_DRY_RUN] == NULL) {
        status = keygen_open(a, k, &fd);
    }

    if (status == STATUS_DONE) {
        status = keygen_make(a, k);
    }

    if (fd != -1) {
        status = keygen_write(a, k, fd, status);
    }

    return status == STATUS_DONE ? keygen_told(a, k) : status;
}


/* Of a link what it leads to is replaced. */

static int
keygen_path(admin_t *a, keygen_t *k)
{
    const char  *path;

    path = a->opt[OPT_PASS];
    k->there = realpath(path, k->path) != NULL;

    if (!k->there && errno == ENOENT && access(path, F_OK) != 0
        && strlen(path) < sizeof(k->path))
    {
        strcpy(k->path, path);

    } else if (!k->there) {
        return pass_file_failed(a, path, "read", "name another file");
    }

    (void) snprintf(k->temp, sizeof(k->temp), "%s.new", k->path);

    return STATUS_DONE;
}


static int
keygen_open(admin_t *a, const keygen_t *k, int *fd)
{
    *fd = open(k->temp, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600);

    return *fd != -1 ? STATUS_DONE
           : errno == EEXIST
           ? error_set(&a->ctl->error, STATUS_FAILED, "pass_key",
                       "remove it, if nobody else makes keys now",
                       "\"%.1000s\" is there, in which the keys are made",
                       k->temp)
           : pass_file_failed(a, k->temp, "make", NULL);
}


static int
keygen_make(admin_t *a, keygen_t *k)
{
    unsigned char  secret[PAYLOCK_PASS_LEAST];

    if (k->there && pass_file_read(a, k->path, &k->old) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    keygen_kid(k);
    keygen_keep(k);

    if (getrandom(secret, sizeof(secret), 0) != sizeof(secret)) {
        return error_set(&a->ctl->error, STATUS_FAILED, "random", NULL,
                         "the system gives no random numbers");
    }

    paylock_pass_line(k->kid, secret, sizeof(secret), k->line);
    explicit_bzero(secret, sizeof(secret));

    return STATUS_DONE;
}


/* One more than the highest there is. */

static void
keygen_kid(keygen_t *k)
{
    char                       kid[PAYLOCK_PASS_KID + 1];
    size_t                     i;
    unsigned                   n, last;
    const paylock_pass_key_t  *key;

    last = 0;

    for (i = 0; i < k->old.keys.n; i++) {
        key = &k->old.keys.key[i];
        (void) snprintf(kid, sizeof(kid), "%.*s", key->kid_len, key->kid);

        if (sscanf(kid, KEYGEN_KID, &n) == 1 && n > last && n < UINT_MAX) {
            last = n;
        }
    }

    (void) snprintf(k->kid, sizeof(k->kid), KEYGEN_KID, last + 1);
}


static void
keygen_keep(keygen_t *k)
{
    size_t       lines;
    const char  *p, *last;

    p = k->old.text;
    last = p + k->old.len;

    for (lines = 0; p < last && lines < PAYLOCK_PASS_KEYS - 1; lines++) {
        p = memchr(p, '\n', (size_t) (last - p));
        p = p ? p + 1 : last;
    }

    k->keep = (size_t) (p - k->old.text);
    k->dropped = k->old.keys.n - lines;
}


/*
 * There is the old file or the new one, whenever this ends; with another
 * status than done the old one.
 */

static int
keygen_write(admin_t *a, const keygen_t *k, int fd, int status)
{
    int  ok;

    ok = status == STATUS_DONE && keygen_put(k, fd) == 0;
    ok = close(fd) == 0 && ok;

    /* what somebody else has made meanwhile stays */

    if (ok && !k->there) {
        ok = link(k->temp, k->path) == 0;

    } else if (ok) {
        ok = rename(k->temp, k->path) == 0;
    }

    if (!ok && status == STATUS_DONE) {
        status = pass_file_failed(a, k->path, "write", NULL);
    }

    if (!ok || !k->there) {
        (void) unlink(k->temp);
    }

    if (ok) {
        a->done = "the key is made";
    }

    return status;
}


/* It stays whose it was. */

static int
keygen_put(const keygen_t *k, int fd)
{
    size_t  len;

    len = strlen(k->line);

    if (k->there
        && (fchown(fd, k->old.st.st_uid, k->old.st.st_gid) != 0
            || fchmod(fd, k->old.st.st_mode & 0777) != 0))
    {
        return -1;
    }

    errno = ENOSPC;

    return write(fd, k->line, len) == (ssize_t) len
           && write(fd, k->old.text, k->keep) == (ssize_t) k->keep
           && fsync(fd) == 0
           ? 0 : -1;
}


static int
keygen_told(admin_t *a, const keygen_t *k)
{
    size_t  kept;

    kept = k->old.keys.n - k->dropped;

    if (output_is_text(a)) {
        (void) printf("%s%s %s: %s signs", a->opt[OPT_DRY_RUN] ? "would be "
                                                               : "",
                      k->there ? "rotated" : "made", k->path, k->kid);

        if (kept) {
            (void) printf(", %zu older %s still good", kept,
                          kept == 1 ? "key is" : "keys are");
        }

        if (k->dropped) {
            (void) printf(", the oldest is gone");
        }

        (void) printf("\nGive it to every nginx, and reload them, before "
                      "you issue passes with it.\n");
    }

    return output_print_json(a, json_pack("{s:s, s:s, s:i, s:i}", "file",
                                          k->path,
                                          "kid", k->kid, "kept", (int) kept,
                                          "dropped", (int) k->dropped));
}
