
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "keygen --pass": creates the file of keys for passes, or adds a new key at
 * its beginning.
 */


#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli/admin.h"
#include "cli/output.h"
#include "commands.h"
#include "files/pass_file.h"
#include "files/outfile.h"


#define KEYGEN_KID  "k%u"


typedef struct {
    char         path[PATH_MAX];       /* with symbolic links resolved */
    int          there;
    pass_file_t  old;
    char         kid[PAYLOCK_PASS_KID + 1];
    char         line[PAYLOCK_PASS_LINE];
    size_t       keep;                 /* bytes of old lines that are kept */
    size_t       dropped;
} keygen_pass_t;


static int keygen_pass_run(admin_t *a, keygen_pass_t *k);
static int keygen_pass_path(admin_t *a, keygen_pass_t *k);
static int keygen_pass_write(admin_t *a, keygen_pass_t *k);
static int keygen_pass_make(admin_t *a, keygen_pass_t *k);
static void keygen_pass_kid(keygen_pass_t *k);
static void keygen_pass_keep(keygen_pass_t *k);
static int keygen_pass_put(const keygen_pass_t *k, FILE *f);
static int keygen_pass_told(admin_t *a, const keygen_pass_t *k);


int
keygen_pass(admin_t *a)
{
    int            status;
    keygen_pass_t  k;

    if (a->n_args || a->opt[OPT_PASSPHRASE]) {
        return error_set(&a->ctl->error, STATUS_USAGE, "pass_key",
                         "give --pass FILE alone",
                         "the keys of passes have neither a second file nor "
                         "a passphrase");
    }

    memset(&k, 0, sizeof(keygen_pass_t));

    status = keygen_pass_run(a, &k);

    explicit_bzero(&k, sizeof(keygen_pass_t));

    return status;
}


static int
keygen_pass_run(admin_t *a, keygen_pass_t *k)
{
    int  status;

    status = keygen_pass_path(a, k);

    if (status == STATUS_DONE) {
        status = a->opt[OPT_DRY_RUN] ? keygen_pass_make(a, k)
                                     : keygen_pass_write(a, k);
    }

    return status == STATUS_DONE ? keygen_pass_told(a, k) : status;
}


/* Resolves a symbolic link: its target is replaced, not the link. */

static int
keygen_pass_path(admin_t *a, keygen_pass_t *k)
{
    const char  *path;

    path = a->opt[OPT_PASS];
    k->there = realpath(path, k->path) != NULL;

    if (!k->there && errno == ENOENT && access(path, F_OK) != 0
        && strlen(path) < sizeof(k->path))
    {
        strcpy(k->path, path);

    } else if (!k->there) {
        return pass_file_failed(&a->ctl->error, path, "read",
                                "name another file");
    }

    return STATUS_DONE;
}


/* Begins the new file, which is the lock, before it reads the old one. */

static int
keygen_pass_write(admin_t *a, keygen_pass_t *k)
{
    outfile_t  out;

    if (outfile_begin(&out, k->path,
                      OUTFILE_LOCK|(k->there ? OUTFILE_REPLACE : 0)) != 0)
    {
        return errno == EEXIST
               ? error_set(&a->ctl->error, STATUS_FAILED, "pass_key",
                           "remove it, if nobody else makes keys now",
                           "\"%.1000s.new\" is there, in which the keys are "
                           "made", k->path)
               : pass_file_failed(&a->ctl->error, k->path, "make", NULL);
    }

    if (keygen_pass_make(a, k) != STATUS_DONE) {
        (void) outfile_abort(&out);
        return a->ctl->error.status;
    }

    if ((keygen_pass_put(k, out.f) == 0 ? outfile_commit(&out)
                                   : outfile_abort(&out)) != 0)
    {
        return pass_file_failed(&a->ctl->error, k->path, "write", NULL);
    }

    a->done = "the key is made";

    return STATUS_DONE;
}


static int
keygen_pass_make(admin_t *a, keygen_pass_t *k)
{
    unsigned char  secret[PAYLOCK_PASS_LEAST];

    if (k->there && pass_file_read(&a->ctl->error, k->path, &k->old)
                    != STATUS_DONE) {
        return a->ctl->error.status;
    }

    keygen_pass_kid(k);
    keygen_pass_keep(k);

    if (getrandom(secret, sizeof(secret), 0) != sizeof(secret)) {
        return error_set(&a->ctl->error, STATUS_FAILED, "random", NULL,
                         "the system gives no random numbers");
    }

    paylock_pass_line(k->kid, secret, sizeof(secret), k->line);
    explicit_bzero(secret, sizeof(secret));

    return STATUS_DONE;
}


/* The new kid has the highest number in use plus one. */

static void
keygen_pass_kid(keygen_pass_t *k)
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
keygen_pass_keep(keygen_pass_t *k)
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


/* Writes without a buffer of stdio; keeps the owner of the file. */

static int
keygen_pass_put(const keygen_pass_t *k, FILE *f)
{
    int  fd;

    fd = fileno(f);
    setbuf(f, NULL);

    if (k->there
        && (fchown(fd, k->old.st.st_uid, k->old.st.st_gid) != 0
            || fchmod(fd, k->old.st.st_mode & 0777) != 0))
    {
        return -1;
    }

    return fputs(k->line, f) >= 0
           && fwrite(k->old.text, 1, k->keep, f) == k->keep ? 0 : -1;
}


static int
keygen_pass_told(admin_t *a, const keygen_pass_t *k)
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
