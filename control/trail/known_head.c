
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "files/outfile.h"
#include "files/user_file.h"
#include "trail/known_head.h"


#define KNOWN_HEAD_DIRECTORY  "paylock/"
#define KNOWN_HEAD_PATH  4096
#define KNOWN_HEAD_NAME  (2 * 16 + 1)       /* 16 bytes of a SHA-256 */
#define KNOWN_HEAD_FILE  8192


static int known_head_directory(control_t *ctl, int make, int *dir);
static int known_head_path(char path[KNOWN_HEAD_PATH], const char *name);
static void known_head_name(const settings_t *s, char name[KNOWN_HEAD_NAME]);
static int known_head_read(control_t *ctl, int dir, const char *name,
    head_t *known, paylock_verify_t *v);
static int known_head_parse(FILE *f, head_t *known, paylock_verify_t *v);
static int known_head_write(control_t *ctl, int dir, const char *name,
    const head_t *head);
static void known_head_print(control_t *ctl, FILE *f, const head_t *head);
static int known_head_failed(control_t *ctl, const char *what);


int
known_head_load(control_t *ctl, head_t *known)
{
    int   dir, status;
    char  name[KNOWN_HEAD_NAME];

    memset(known, 0, sizeof(head_t));
    paylock_verify_begin(&ctl->trust, NULL, NULL);

    status = known_head_directory(ctl, 0, &dir);

    if (status != STATUS_DONE || dir == -1) {
        return status;
    }

    known_head_name(&ctl->settings, name);
    status = known_head_read(ctl, dir, name, known, &ctl->trust);

    (void) close(dir);

    return status;
}


int
known_head_check(control_t *ctl)
{
    int  dir, status;

    status = known_head_directory(ctl, 1, &dir);

    if (status != STATUS_DONE) {
        return status;
    }

    if (faccessat(dir, ".", W_OK, AT_EACCESS) != 0) {
        status = known_head_failed(ctl, "write");
    }

    (void) close(dir);

    return status;
}


int
known_head_save(control_t *ctl, const head_t *head)
{
    int               dir, status;
    char              name[KNOWN_HEAD_NAME];
    head_t            known;
    paylock_verify_t  v;

    status = known_head_directory(ctl, 1, &dir);

    if (status != STATUS_DONE) {
        return status;
    }

    known_head_name(&ctl->settings, name);
    memset(&known, 0, sizeof(head_t));
    paylock_verify_begin(&v, NULL, NULL);

    /* another paylock-admin may be saving a later head */

    if (flock(dir, LOCK_EX) != 0) {
        status = known_head_failed(ctl, "lock");

    } else {
        status = known_head_read(ctl, dir, name, &known, &v);
    }

    if (status == STATUS_DONE
        && (strcmp(known.chain, head->chain) != 0
            || (v.genesis[0] ? ctl->trust.genesis[0] && known.seq < head->seq
                             : ctl->trust.genesis[0] || known.seq < head->seq)))
    {
        status = known_head_write(ctl, dir, name, head);
    }

    paylock_verify_free(&v);
    (void) close(dir);

    return status;
}


/* Opens the directory; *dir is -1 if it is missing and make is 0. */

static int
known_head_directory(control_t *ctl, int make, int *dir)
{
    char  path[KNOWN_HEAD_PATH];

    if (known_head_path(path, KNOWN_HEAD_DIRECTORY) != 0) {
        return known_head_failed(ctl, "open");
    }

    if (make && user_file_directory(path) != 0) {
        return known_head_failed(ctl, "make");
    }

    *dir = open(path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (*dir == -1 && (make || (errno != ENOENT && errno != ENOTDIR))) {
        return known_head_failed(ctl, "open");
    }

    return STATUS_DONE;
}


static int
known_head_path(char path[KNOWN_HEAD_PATH], const char *name)
{
    return user_file_path(path, KNOWN_HEAD_PATH, "XDG_STATE_HOME",
                          ".local/state", name);
}


/* One file per Redis and prefix, hashed: not all are valid file names. */

static void
known_head_name(const settings_t *s, char name[KNOWN_HEAD_NAME])
{
    size_t         i, n;
    unsigned char  hash[SHA256_DIGEST_LENGTH];
    char           text[KNOWN_HEAD_FILE];

    n = (size_t) snprintf(text, sizeof(text), "%s\n%s", s->where,
                          s->value[SET_PREFIX]);

    (void) SHA256((unsigned char *) text, n < sizeof(text) ? n : sizeof(text),
                  hash);

    for (i = 0; i < KNOWN_HEAD_NAME / 2; i++) {
        (void) sprintf(name + 2 * i, "%02x", hash[i]);
    }
}


static int
known_head_read(control_t *ctl, int dir, const char *name, head_t *known,
    paylock_verify_t *v)
{
    int    fd, good;
    FILE  *f;

    fd = openat(dir, name, O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        return errno == ENOENT ? STATUS_DONE : known_head_failed(ctl, "read");
    }

    f = fdopen(fd, "r");

    if (f == NULL) {
        (void) close(fd);
        return known_head_failed(ctl, "read");
    }

    good = known_head_parse(f, known, v);
    (void) fclose(f);

    if (good) {
        return STATUS_DONE;
    }

    return error_set(&ctl->error, STATUS_FAILED, "state",
                     "look at it, remove it, and run \"paylock-admin init\" "
                     "to remember the chain again",
                     "what is remembered of this Redis in "
                     "$XDG_STATE_HOME/paylock/%s cannot be read", name);
}


/* A truncated file is an error: it must not look like an unsigned trail. */

static int
known_head_parse(FILE *f, head_t *known, paylock_verify_t *v)
{
    int             n;
    char            key[PAYLOCK_KEY_LEN + 1];
    uint64_t        begun, revoked;
    paylock_key_t  *one;

    n = fscanf(f, "redis = %*[^\n]\nprefix =%*[^\n]\nchain = %32[0-9a-f]\n"
               "seq = %" SCNu64 "\nhash = %64[0-9a-f]\n",
               known->chain, &known->seq, known->hash);

    if (n != 3 || known->seq == 0
        || strlen(known->chain) != PAYLOCK_CHAIN_LEN
        || strlen(known->hash) != PAYLOCK_HASH_LEN)
    {
        return 0;
    }

    n = fscanf(f, "genesis = %64[0-9a-f]\ngenesis_seq = %" SCNu64 "\n",
               key, &begun);

    if (n == EOF) {
        return 1;
    }

    if (n != 2 || begun == 0 || strlen(key) != PAYLOCK_KEY_LEN) {
        return 0;
    }

    paylock_verify_begin(v, known->chain, key);
    strcpy(v->hash, known->hash);
    v->begun = begun;
    v->seq = known->seq;
    v->covered = known->seq;

    /* each key with the seq that revoked it; 0: not revoked */

    while (fscanf(f, "key = %64[0-9a-f] %" SCNu64 "\n", key, &revoked) == 2) {
        one = strlen(key) == PAYLOCK_KEY_LEN
              ? paylock_keyring_add(&v->ring, key, v->begun) : NULL;

        if (one == NULL) {
            return 0;
        }

        one->revoked = revoked;
    }

    return v->ring.n && feof(f);
}


static int
known_head_write(control_t *ctl, int dir, const char *name, const head_t *head)
{
    char       file[sizeof(KNOWN_HEAD_DIRECTORY) + KNOWN_HEAD_NAME],
    path[KNOWN_HEAD_PATH];
    outfile_t  out;

    (void) sprintf(file, KNOWN_HEAD_DIRECTORY "%s", name);

    if (known_head_path(path, file) != 0
        || outfile_begin(&out, path, OUTFILE_REPLACE) != 0)
    {
        return known_head_failed(ctl, "write");
    }

    known_head_print(ctl, out.f, head);

    return outfile_commit(&out) == 0 && fsync(dir) == 0
           ? STATUS_DONE : known_head_failed(ctl, "write");
}


static void
known_head_print(control_t *ctl, FILE *f, const head_t *head)
{
    size_t                   i;
    const paylock_verify_t  *v;

    v = &ctl->trust;

    (void) fprintf(f, "redis = %s\nprefix = %s\nchain = %s\nseq = %" PRIu64
                   "\nhash = %s\n", ctl->settings.where,
                   ctl->settings.value[SET_PREFIX], head->chain, head->seq,
                   head->hash);

    if (v->genesis[0]) {
        (void) fprintf(f, "genesis = %s\ngenesis_seq = %" PRIu64 "\n",
                       v->genesis, v->begun);
    }

    for (i = 0; v->genesis[0] && i < v->ring.n; i++) {
        (void) fprintf(f, "key = %s %" PRIu64 "\n", v->ring.key[i].hex,
                       v->ring.key[i].revoked);
    }
}


static int
known_head_failed(control_t *ctl, const char *what)
{
    return error_set(&ctl->error, STATUS_FAILED, "state",
                     "see to that directory, or set XDG_STATE_HOME to "
                     "another",
                     "cannot %s $XDG_STATE_HOME/paylock (by default "
                     "~/.local/state/paylock), where the head of the audit "
                     "trail is remembered: %s", what, strerror(errno));
}
