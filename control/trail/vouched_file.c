
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What this machine remembers of records that were vouched for: a file of their
 * pairs, sorted, which is mapped into memory.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trail/memory_file.h"
#include "trail/vouched.h"


#define VOUCHED_FILE    "vouched"
#define VOUCHED_HEADER  512            /* bytes, padded with spaces */


static void vouched_read(control_t *ctl, int dir, const char *chain);
static void vouched_map(control_t *ctl, int fd, const char *chain);
static int vouched_parse(const control_t *ctl, vouched_t *v,
    const char *chain);
static int vouched_write(control_t *ctl, int dir);


void
vouched_load(control_t *ctl, const char *chain)
{
    int           dir;
    error_info_t  error;

    error = ctl->error;

    if (ctl->signers.path
        && memory_file_directory(ctl, 0, &dir) == STATUS_DONE && dir != -1)
    {
        vouched_read(ctl, dir, chain);
        (void) close(dir);
    }

    ctl->error = error;
}


static void
vouched_read(control_t *ctl, int dir, const char *chain)
{
    char   name[MEMORY_FILE_NAME];
    FILE  *f;

    memory_file_chain(ctl, VOUCHED_FILE, chain, name);

    if (memory_file_open(ctl, dir, name, &f) == STATUS_DONE && f) {
        vouched_map(ctl, fileno(f), chain);
        (void) fclose(f);
    }
}


static void
vouched_map(control_t *ctl, int fd, const char *chain)
{
    void         *map;
    vouched_t    *v;
    struct stat   st;

    v = &ctl->vouched;

    if (fstat(fd, &st) != 0 || st.st_size < VOUCHED_HEADER) {
        return;
    }

    map = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

    if (map == MAP_FAILED) {
        return;
    }

    v->map = map;
    v->size = (size_t) st.st_size;

    if (vouched_parse(ctl, v, chain) != 0) {
        vouched_free(v);
    }
}


static int
vouched_parse(const control_t *ctl, vouched_t *v, const char *chain)
{
    char  text[VOUCHED_HEADER + 1], realm[PAYLOCK_REALM_MAX + 1];
    char  signers[PAYLOCK_HASH_LEN + 1];

    memcpy(text, v->map, VOUCHED_HEADER);
    text[VOUCHED_HEADER] = '\0';

    if (sscanf(text, "chain = %32[0-9a-f]\nseq = %" SCNu64 "\n"
               "hash = %64[0-9a-f]\nrealm = %64[^\n]\n"
               "signers = %64[0-9a-f]\npairs = %zu\n", v->chain, &v->seq,
               v->hash, realm, signers, &v->n)
        != 6
        || strcmp(v->chain, chain) != 0
        || strcmp(realm, ctl->settings.realm) != 0
        || strcmp(signers, memory_file_signers(ctl)) != 0
        || v->n != (v->size - VOUCHED_HEADER) / VOUCHED_PAIR)
    {
        return -1;
    }

    v->pair = (void *) ((unsigned char *) v->map + VOUCHED_HEADER);
    v->gone = calloc(v->n / 8 + 1, 1);

    return v->gone ? 0 : -1;
}


void
vouched_save(control_t *ctl)
{
    int           dir;
    error_info_t  error;

    error = ctl->error;

    if (ctl->signers.path && ctl->vouched.seq && !ctl->dry_run
        && memory_file_directory(ctl, 1, &dir) == STATUS_DONE)
    {
        if (vouched_write(ctl, dir) == STATUS_DONE) {
            ctl->vouched.followed = 0;
        }

        (void) close(dir);
    }

    ctl->error = error;
}


static int
vouched_write(control_t *ctl, int dir)
{
    char              name[MEMORY_FILE_NAME], text[VOUCHED_HEADER + 1];
    size_t            i, n;
    memory_file_t     m;
    const vouched_t  *v;

    v = &ctl->vouched;
    n = v->n;

    for (i = 0; i < v->n; i++) {
        n -= vouched_gone(v, i);
    }

    (void) snprintf(text, sizeof(text), "chain = %s\nseq = %" PRIu64 "\n"
                    "hash = %s\nrealm = %s\nsigners = %s\npairs = %zu\n",
                    v->chain, v->seq, v->hash, ctl->settings.realm,
                    memory_file_signers(ctl), n);

    memory_file_chain(ctl, VOUCHED_FILE, v->chain, name);

    if (memory_file_begin(ctl, &m, name) != STATUS_DONE) {
        return ctl->error.status;
    }

    (void) fprintf(m.out.f, "%-*s", VOUCHED_HEADER, text);

    for (i = 0; i < v->n; i++) {
        if (!vouched_gone(v, i)) {
            (void) fwrite(v->pair[i], VOUCHED_PAIR, 1, m.out.f);
        }
    }

    return memory_file_commit(ctl, &m, dir);
}

