
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "trail/memory_file.h"
#include "trail/verified.h"


#define VERIFIED_FILE  "verified"


static int verified_read(control_t *ctl, int dir, const char *chain,
    verified_t *v);
static int verified_write(control_t *ctl, int dir, const verified_t *v);
static int verified_order(const void *one, const void *two);


int
verified_load(control_t *ctl, const char *chain, verified_t *v)
{
    int  dir, status;

    memset(v, 0, sizeof(verified_t));
    status = memory_file_directory(ctl, 0, &dir);

    if (status != STATUS_DONE || dir == -1) {
        return status;
    }

    status = verified_read(ctl, dir, chain, v);
    (void) close(dir);

    return status;
}


void
verified_free(verified_t *v)
{
    paylock_verify_free(&v->trail);
    free(v->gone);
    memset(v, 0, sizeof(verified_t));
}


int
verified_save(control_t *ctl, const verified_t *v, uint64_t known)
{
    int         dir, status;
    verified_t  there;

    status = memory_file_directory(ctl, 1, &dir);

    if (status != STATUS_DONE) {
        return status;
    }

    if (flock(dir, LOCK_EX) != 0) {
        status = memory_file_failed(ctl, "lock");

    } else {
        status = verified_read(ctl, dir, v->head.chain, &there);

        if (status == STATUS_DONE
            && (there.head.seq <= v->head.seq || there.head.seq > known))
        {
            status = verified_write(ctl, dir, v);
        }

        verified_free(&there);
    }

    (void) close(dir);

    return status;
}


static int
verified_read(control_t *ctl, int dir, const char *chain, verified_t *v)
{
    char   name[MEMORY_FILE_NAME];
    FILE  *f;

    memset(v, 0, sizeof(verified_t));
    memory_file_chain(ctl, VERIFIED_FILE, chain, name);

    if (memory_file_open(ctl, dir, name, &f) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (f == NULL) {
        return STATUS_DONE;
    }

    paylock_verify_begin(&v->trail, chain, ctl->settings.realm,
                         ctl->signers.path ? &ctl->signers.list : NULL);

    /* what cannot be read is verified again */

    if (ctl->signers.path == NULL || verified_parse(ctl, f, v) != 0) {
        verified_free(v);
    }

    (void) fclose(f);

    return STATUS_DONE;
}


static int
verified_write(control_t *ctl, int dir, const verified_t *v)
{
    char           name[MEMORY_FILE_NAME];
    memory_file_t  m;

    memory_file_chain(ctl, VERIFIED_FILE, v->head.chain, name);

    if (memory_file_begin(ctl, &m, name) != STATUS_DONE) {
        return ctl->error.status;
    }

    verified_print(ctl, m.out.f, v);

    return memory_file_commit(ctl, &m, dir);
}


uint64_t
verified_gone(const verified_t *v, const char *host, size_t len)
{
    verified_gone_t         key;
    const verified_gone_t  *found;

    if (v->n_gone == 0) {
        return 0;
    }

    replay_hash(host, len, key.host);
    found = bsearch(&key, v->gone, v->n_gone, sizeof(verified_gone_t),
                    verified_order);

    return found ? found->seq : 0;
}


int
verified_gone_is(const verified_t *v, size_t n,
    const unsigned char host[REPLAY_HASH])
{
    verified_gone_t  key;

    memcpy(key.host, host, REPLAY_HASH);

    return n && bsearch(&key, v->gone, n, sizeof(verified_gone_t),
                        verified_order);
}


int
verified_gone_add(control_t *ctl, verified_t *v, size_t *room,
    const unsigned char host[REPLAY_HASH], uint64_t seq)
{
    verified_gone_t  *more;

    if (v->n_gone == *room) {
        more = realloc(v->gone, (2 * *room + 64) * sizeof(verified_gone_t));

        if (more == NULL) {
            return control_no_memory(ctl);
        }

        v->gone = more;
        *room = 2 * *room + 64;
    }

    more = &v->gone[v->n_gone++];
    memcpy(more->host, host, REPLAY_HASH);
    more->seq = seq;

    return STATUS_DONE;
}


void
verified_gone_sort(verified_t *v)
{
    if (v->n_gone) {
        qsort(v->gone, v->n_gone, sizeof(verified_gone_t), verified_order);
    }
}


static int
verified_order(const void *one, const void *two)
{
    const verified_gone_t  *a, *b;

    a = one;
    b = two;

    return memcmp(a->host, b->host, REPLAY_HASH);
}
