
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
#define KNOWN_HEAD_NONE  "-"           /* no signers, or no root */


/* What a file holds; head.seq 0: there is none. */

typedef struct {
    head_t  head;
    char    realm[PAYLOCK_REALM_MAX + 1];
    char    signers[PAYLOCK_HASH_LEN + 1];     /* SHA-256 of the signers file */
} known_head_file_t;


static int known_head_take(control_t *ctl, const known_head_file_t *file);
static void known_head_begin(control_t *ctl);
static const char *known_head_signers(const control_t *ctl);
static int known_head_directory(control_t *ctl, int make, int *dir);
static int known_head_path(char path[KNOWN_HEAD_PATH], const char *name);
static void known_head_name(const settings_t *s, char name[KNOWN_HEAD_NAME]);
static int known_head_read(control_t *ctl, int dir, const char *name,
    known_head_file_t *file, paylock_verify_t *v);
static int known_head_parse(FILE *f, known_head_file_t *file,
    paylock_verify_t *v);
static int known_head_given_up(FILE *f, paylock_verify_t *v);
static int known_head_write(control_t *ctl, int dir, const char *name,
    const head_t *head);
static void known_head_print(control_t *ctl, FILE *f, const head_t *head);
static int known_head_failed(control_t *ctl, const char *what);


int
known_head_load(control_t *ctl, head_t *known)
{
    int                dir, status;
    char               name[KNOWN_HEAD_NAME];
    known_head_file_t  file;

    memset(known, 0, sizeof(head_t));
    memset(&ctl->known, 0, sizeof(paylock_witness_t));

    if (ctl->signers.path == NULL
        && signers_load(&ctl->signers, &ctl->settings, &ctl->error)
           != STATUS_DONE)
    {
        return ctl->error.status;
    }

    paylock_verify_free(&ctl->trust);
    known_head_begin(ctl);

    status = known_head_directory(ctl, 0, &dir);

    if (status != STATUS_DONE || dir == -1) {
        return status;
    }

    known_head_name(&ctl->settings, name);
    status = known_head_read(ctl, dir, name, &file, &ctl->trust);

    (void) close(dir);

    if (status != STATUS_DONE || file.head.seq == 0) {
        return status;
    }

    *known = file.head;

    return known_head_take(ctl, &file);
}


/* Without signers, or with others, what was verified counts for nothing. */

static int
known_head_take(control_t *ctl, const known_head_file_t *file)
{
    const head_t  *head;

    head = &file->head;

    if (ctl->signers.path == NULL
        && strcmp(file->signers, KNOWN_HEAD_NONE) != 0)
    {
        return error_set(&ctl->error, STATUS_FAILED, "signers",
                         "put it back, or name it with --signers",
                         "the signers file is gone, by which the audit trail "
                         "of Redis at %s was verified here",
                         ctl->settings.where);
    }

    ctl->known.name = "this machine";
    ctl->known.seq = head->seq;
    memcpy(ctl->known.chain, head->chain, sizeof(head->chain));
    memcpy(ctl->known.hash, head->hash, sizeof(head->hash));

    memcpy(ctl->trust.chain, head->chain, sizeof(head->chain));

    if (strcmp(file->signers, known_head_signers(ctl)) == 0
        && strcmp(file->realm, ctl->settings.realm) == 0)
    {
        paylock_verify_from(&ctl->trust, head->seq, head->hash,
                            head->root);
    }

    return STATUS_DONE;
}


static void
known_head_begin(control_t *ctl)
{
    paylock_verify_begin(&ctl->trust, NULL, ctl->settings.realm,
                         ctl->signers.path ? &ctl->signers.list : NULL);
}


static const char *
known_head_signers(const control_t *ctl)
{
    return ctl->signers.path ? ctl->signers.digest : KNOWN_HEAD_NONE;
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
    int                dir, status;
    char               name[KNOWN_HEAD_NAME];
    known_head_file_t  file;

    status = known_head_directory(ctl, 1, &dir);

    if (status != STATUS_DONE) {
        return status;
    }

    known_head_name(&ctl->settings, name);

    /* another paylock-admin may be saving a later head */

    if (flock(dir, LOCK_EX) != 0) {
        status = known_head_failed(ctl, "lock");

    } else {
        status = known_head_read(ctl, dir, name, &file, NULL);
    }

    if (status == STATUS_DONE
        && (strcmp(file.head.chain, head->chain) != 0
            || file.head.seq < head->seq
            || (file.head.seq == head->seq
                && strcmp(file.signers, known_head_signers(ctl)) != 0)))
    {
        status = known_head_write(ctl, dir, name, head);
    }

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
known_head_read(control_t *ctl, int dir, const char *name,
    known_head_file_t *file, paylock_verify_t *v)
{
    int    fd, good;
    FILE  *f;

    memset(file, 0, sizeof(known_head_file_t));
    fd = openat(dir, name, O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        return errno == ENOENT ? STATUS_DONE : known_head_failed(ctl, "read");
    }

    f = fdopen(fd, "r");

    if (f == NULL) {
        (void) close(fd);
        return known_head_failed(ctl, "read");
    }

    good = known_head_parse(f, file, v);
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


/* A truncated file is an error: it must not look like one without signers. */

static int
known_head_parse(FILE *f, known_head_file_t *file, paylock_verify_t *v)
{
    int  n, end;

    end = 0;
    n = fscanf(f, "redis = %*[^\n]\nprefix =%*[^\n]\nchain = %32[0-9a-f]\n"
               "seq = %" SCNu64 "\nhash = %64[0-9a-f]\nroot = %64[-0-9a-f]\n"
               "realm = %64[^\n]\nsigners = %64[-0-9a-f]\n",
               file->head.chain, &file->head.seq, file->head.hash,
               file->head.root, file->realm, file->signers);

    if (strcmp(file->head.root, KNOWN_HEAD_NONE) == 0) {
        file->head.root[0] = '\0';
    }

    if (n != 6 || known_head_given_up(f, v) != 0) {
        return 0;
    }

    if (fscanf(f, "end%n\n", &end) == EOF && end == 0) {
        return 0;
    }

    return end && file->head.seq && feof(f)
           && strlen(file->head.chain) == PAYLOCK_CHAIN_LEN
           && strlen(file->head.hash) == PAYLOCK_HASH_LEN
           && (*file->head.root == '\0'
               || strlen(file->head.root) == PAYLOCK_HASH_LEN)
           && (strcmp(file->signers, KNOWN_HEAD_NONE) == 0
               || strlen(file->signers) == PAYLOCK_HASH_LEN);
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


/* What adopts of before gave up: it backs no record. */

static int
known_head_given_up(FILE *f, paylock_verify_t *v)
{
    uint64_t         seq;
    paylock_adopt_t  adopt;

    memset(&adopt, 0, sizeof(paylock_adopt_t));

    while (fscanf(f, "given_up = %32[0-9a-f] %" SCNu64 " %" SCNu64 " %" SCNu64
                  "\n", adopt.chain, &adopt.first, &adopt.last, &seq) == 4)
    {
        if (strlen(adopt.chain) != PAYLOCK_CHAIN_LEN
            || (v && paylock_verify_gave_up(v, seq, &adopt, NULL) != 0))
        {
            return -1;
        }
    }

    return 0;
}


static void
known_head_print(control_t *ctl, FILE *f, const head_t *head)
{
    size_t                     i;
    const paylock_given_up_t  *g;

    (void) fprintf(f, "redis = %s\nprefix = %s\nchain = %s\nseq = %" PRIu64
                   "\nhash = %s\nroot = %s\nrealm = %s\nsigners = %s\n",
                   ctl->settings.where, ctl->settings.value[SET_PREFIX],
                   head->chain, head->seq, head->hash,
                   *head->root ? head->root : KNOWN_HEAD_NONE,
                   ctl->settings.realm,
                   known_head_signers(ctl));

    for (i = 0; i < ctl->trust.n_given_up; i++) {
        g = &ctl->trust.given_up[i];

        if (g->adopt.last) {
            (void) fprintf(f, "given_up = %s %" PRIu64 " %" PRIu64 " %" PRIu64
                           "\n", g->adopt.chain, g->adopt.first,
                           g->adopt.last, g->seq);
        }
    }

    (void) fprintf(f, "end\n");
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
