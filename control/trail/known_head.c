
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "trail/head.h"
#include "trail/known_head.h"
#include "trail/memory_file.h"
#include "trail/trust_root.h"


#define KNOWN_HEAD_FILE  "chain"


/* What the file of a chain holds; head.seq 0: there is none. */

typedef struct {
    head_t  head;
    char    realm[PAYLOCK_REALM_MAX + 1];
    char    signers[PAYLOCK_HASH_LEN + 1];     /* SHA-256 of the signers file */
} known_head_file_t;


static int known_head_chain(control_t *ctl, int dir, head_t *there);
static int known_head_take(control_t *ctl, const known_head_file_t *file);
static void known_head_begin(control_t *ctl);
static int known_head_read(control_t *ctl, int dir, const char *chain,
    known_head_file_t *file, paylock_verify_t *v);
static int known_head_parse(FILE *f, const char *chain,
    known_head_file_t *file, paylock_verify_t *v);
static int known_head_given_up(FILE *f, paylock_verify_t *v);
static int known_head_keep(control_t *ctl, int dir, const head_t *head);
static int known_head_write(control_t *ctl, int dir, const head_t *head);
static void known_head_print(control_t *ctl, FILE *f, const head_t *head);
static int known_head_place_read(control_t *ctl, int dir, head_t *there);
static int known_head_place_write(control_t *ctl, int dir, const char *chain);


int
known_head_load(control_t *ctl, head_t *known)
{
    int                dir, status;
    head_t             there;
    known_head_file_t  file;

    memset(known, 0, sizeof(head_t));
    memset(&ctl->known, 0, sizeof(paylock_witness_t));
    ctl->base.seq = 0;

    if (ctl->signers.path == NULL
        && signers_load(&ctl->signers, &ctl->settings, &ctl->error)
           != STATUS_DONE)
    {
        return ctl->error.status;
    }

    paylock_verify_free(&ctl->trust);
    known_head_begin(ctl);

    status = memory_file_directory(ctl, 0, &dir);

    if (status != STATUS_DONE || dir == -1) {
        return status;
    }

    memset(&file, 0, sizeof(known_head_file_t));
    status = known_head_chain(ctl, dir, &there);

    if (status == STATUS_DONE && *there.chain) {
        status = known_head_read(ctl, dir, there.chain, &file, &ctl->trust);
    }

    (void) close(dir);

    if (status != STATUS_DONE || file.head.seq == 0) {
        return status;
    }

    *known = file.head;

    return known_head_take(ctl, &file);
}


int
known_head_of(control_t *ctl, const char *chain, head_t *known)
{
    int                dir, status;
    known_head_file_t  file;

    memset(known, 0, sizeof(head_t));
    status = memory_file_directory(ctl, 0, &dir);

    if (status != STATUS_DONE || dir == -1) {
        return status;
    }

    status = known_head_read(ctl, dir, chain, &file, NULL);
    (void) close(dir);

    if (status == STATUS_DONE) {
        *known = file.head;
    }

    return status;
}


/*
 * Which chain ought to be there?  Where none was seen so far, it is the one
 * that is shown: it may be known by another URL.
 */

static int
known_head_chain(control_t *ctl, int dir, head_t *there)
{
    int  status;

    status = known_head_place_read(ctl, dir, there);

    return status == STATUS_DONE && *there->chain == '\0' && ctl->redis
           ? head_newest(ctl, there) : status;
}


/* Without signers, or with others, what was verified counts for nothing. */

static int
known_head_take(control_t *ctl, const known_head_file_t *file)
{
    const head_t  *head;

    head = &file->head;

    if (ctl->signers.path == NULL
        && strcmp(file->signers, MEMORY_FILE_NONE) != 0)
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

    if (strcmp(file->signers, memory_file_signers(ctl)) == 0
        && strcmp(file->realm, ctl->settings.realm) == 0)
    {
        paylock_verify_from(&ctl->trust, head->seq, head->hash,
                            head->root);
        trust_root_at(ctl, head->seq, head->hash, head->root);
    }

    return STATUS_DONE;
}


static void
known_head_begin(control_t *ctl)
{
    paylock_verify_begin(&ctl->trust, NULL, ctl->settings.realm,
                         ctl->signers.path ? &ctl->signers.list : NULL);
}


int
known_head_check(control_t *ctl)
{
    int  dir, status;

    status = memory_file_directory(ctl, 1, &dir);

    if (status != STATUS_DONE) {
        return status;
    }

    if (faccessat(dir, ".", W_OK, AT_EACCESS) != 0) {
        status = memory_file_failed(ctl, "write");
    }

    (void) close(dir);

    return status;
}


int
known_head_save(control_t *ctl, const head_t *head)
{
    int  dir, status;

    status = memory_file_directory(ctl, 1, &dir);

    if (status != STATUS_DONE) {
        return status;
    }

    /* another paylock-admin may be saving a later head */

    status = flock(dir, LOCK_EX) != 0 ? memory_file_failed(ctl, "lock")
                                      : known_head_keep(ctl, dir, head);
    (void) close(dir);

    return status;
}


static int
known_head_keep(control_t *ctl, int dir, const head_t *head)
{
    head_t             there;
    known_head_file_t  file;

    if (known_head_read(ctl, dir, head->chain, &file, NULL) != STATUS_DONE) {
        return ctl->error.status;
    }

    if ((file.head.seq < head->seq
         || (file.head.seq == head->seq
             && strcmp(file.signers, memory_file_signers(ctl)) != 0))
        && known_head_write(ctl, dir, head) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    if (known_head_place_read(ctl, dir, &there) != STATUS_DONE) {
        return ctl->error.status;
    }

    return strcmp(there.chain, head->chain) == 0 ? STATUS_DONE
           : known_head_place_write(ctl, dir, head->chain);
}


static int
known_head_read(control_t *ctl, int dir, const char *chain,
    known_head_file_t *file, paylock_verify_t *v)
{
    int    good;
    char   name[MEMORY_FILE_NAME];
    FILE  *f;

    memset(file, 0, sizeof(known_head_file_t));
    memory_file_chain(ctl, KNOWN_HEAD_FILE, chain, name);

    if (memory_file_open(ctl, dir, name, &f) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (f == NULL) {
        return STATUS_DONE;
    }

    good = known_head_parse(f, chain, file, v);
    (void) fclose(f);

    return good ? STATUS_DONE : memory_file_bad(ctl, name);
}


/* A truncated file is an error: it must not look like one without signers. */

static int
known_head_parse(FILE *f, const char *chain, known_head_file_t *file,
    paylock_verify_t *v)
{
    int  n, end;

    end = 0;
    n = fscanf(f, "chain = %32[0-9a-f]\nseq = %" SCNu64 "\n"
               "hash = %64[0-9a-f]\nroot = %64[-0-9a-f]\n"
               "realm = %64[^\n]\nsigners = %64[-0-9a-f]\n",
               file->head.chain, &file->head.seq, file->head.hash,
               file->head.root, file->realm, file->signers);

    if (strcmp(file->head.root, MEMORY_FILE_NONE) == 0) {
        file->head.root[0] = '\0';
    }

    if (n != 6 || known_head_given_up(f, v) != 0) {
        return 0;
    }

    if (fscanf(f, "end%n\n", &end) == EOF && end == 0) {
        return 0;
    }

    return end && file->head.seq && feof(f)
           && strcmp(file->head.chain, chain) == 0
           && strlen(file->head.hash) == PAYLOCK_HASH_LEN
           && (*file->head.root == '\0'
               || strlen(file->head.root) == PAYLOCK_HASH_LEN)
           && (strcmp(file->signers, MEMORY_FILE_NONE) == 0
               || strlen(file->signers) == PAYLOCK_HASH_LEN);
}


/* What adopts of before gave up, and what stayed. */

static int
known_head_given_up(FILE *f, paylock_verify_t *v)
{
    int              n;
    uint64_t         seq;
    paylock_adopt_t  adopt;

    memset(&adopt, 0, sizeof(paylock_adopt_t));

    while ((n = fscanf(f, "given_up = %32[0-9a-f] %" SCNu64 " %" SCNu64 " %"
                       SCNu64 " %" SCNu64 "\n", adopt.chain, &adopt.first,
                       &adopt.last, &seq, &adopt.seq)) > 0)
    {
        if (n != 5 || strlen(adopt.chain) != PAYLOCK_CHAIN_LEN
            || (v && paylock_verify_gave_up(v, seq, &adopt, NULL) != 0))
        {
            return -1;
        }
    }

    return 0;
}


static int
known_head_write(control_t *ctl, int dir, const head_t *head)
{
    char           name[MEMORY_FILE_NAME];
    memory_file_t  m;

    memory_file_chain(ctl, KNOWN_HEAD_FILE, head->chain, name);

    if (memory_file_begin(ctl, &m, name) != STATUS_DONE) {
        return ctl->error.status;
    }

    known_head_print(ctl, m.out.f, head);

    return memory_file_commit(ctl, &m, dir);
}


static void
known_head_print(control_t *ctl, FILE *f, const head_t *head)
{
    size_t                     i;
    const paylock_given_up_t  *g;

    (void) fprintf(f, "chain = %s\nseq = %" PRIu64 "\nhash = %s\nroot = %s\n"
                   "realm = %s\nsigners = %s\n", head->chain, head->seq,
                   head->hash, *head->root ? head->root : MEMORY_FILE_NONE,
                   ctl->settings.realm, memory_file_signers(ctl));

    for (i = 0; i < ctl->trust.n_given_up; i++) {
        g = &ctl->trust.given_up[i];

        if (g->adopt.last) {
            (void) fprintf(f, "given_up = %s %" PRIu64 " %" PRIu64 " %" PRIu64
                           " %" PRIu64 "\n", g->adopt.chain, g->adopt.first,
                           g->adopt.last, g->seq, g->adopt.seq);
        }
    }

    (void) fprintf(f, "end\n");
}


/* Sets there->chain; empty: none was seen. */

static int
known_head_place_read(control_t *ctl, int dir, head_t *there)
{
    int    n, end;
    char   name[MEMORY_FILE_NAME];
    FILE  *f;

    memset(there, 0, sizeof(head_t));
    memory_file_place(ctl, name);

    if (memory_file_open(ctl, dir, name, &f) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (f == NULL) {
        return STATUS_DONE;
    }

    end = 0;
    n = fscanf(f, "redis = %*[^\n]\nprefix =%*[^\n]\nchain = %32[0-9a-f]\n"
               "end%n", there->chain, &end);
    (void) fclose(f);

    return n == 1 && end && strlen(there->chain) == PAYLOCK_CHAIN_LEN
           ? STATUS_DONE : memory_file_bad(ctl, name);
}


static int
known_head_place_write(control_t *ctl, int dir, const char *chain)
{
    char           name[MEMORY_FILE_NAME];
    memory_file_t  m;

    memory_file_place(ctl, name);

    if (memory_file_begin(ctl, &m, name) != STATUS_DONE) {
        return ctl->error.status;
    }

    (void) fprintf(m.out.f, "redis = %s\nprefix = %s\nchain = %s\nend\n",
                   ctl->settings.where, ctl->settings.value[SET_PREFIX],
                   chain);

    return memory_file_commit(ctl, &m, dir);
}
