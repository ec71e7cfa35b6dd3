
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "trail/head.h"
#include "trail/path.h"
#include "trail/trust_way.h"


#define WAY_AT_ONCE  100               /* entries asked for */


static int way_make(control_t *ctl, path_t *path);
static int way_adopts(const paylock_verify_t *v, path_t *path);
static int way_walk(control_t *ctl, const path_t *path);
static int way_ask(control_t *ctl, const path_t *path, size_t from, size_t n);
static int way_take(control_t *ctl, const path_t *path, size_t i, way_at_t *at,
    int *ends);
static int way_next(const path_line_t *line, const paylock_entry_t *e,
    way_at_t *at);
static int way_keep(control_t *ctl, const way_at_t *at);
static int way_order(const void *one, const void *two);


int
trust_way_by(control_t *ctl, uint64_t seq)
{
    way_t     *way;
    uint64_t  *more;

    way = &ctl->way;

    if (seq == 0 || seq > ctl->trust.seq || seq < way->cut
        || trust_way_given_up(ctl, seq))
    {
        return STATUS_DONE;
    }

    if (way->n_by == way->by_room) {
        more = realloc(way->by, (2 * way->by_room + 64) * sizeof(uint64_t));

        if (more == NULL) {
            return control_no_memory(ctl);
        }

        way->by = more;
        way->by_room = 2 * way->by_room + 64;
    }

    way->by[way->n_by++] = seq;

    return STATUS_DONE;
}


int
trust_way_go(control_t *ctl)
{
    int     status;
    path_t  path;
    way_t  *way;

    way = &ctl->way;

    if (way->n_by == 0) {
        return STATUS_DONE;
    }

    memset(&path, 0, sizeof(path_t));

    status = way_make(ctl, &path) == 0 ? way_walk(ctl, &path)
                                       : control_no_memory(ctl);
    path_free(&path);

    way->n_by = 0;
    qsort(way->hash, way->n, sizeof(way_at_t), way_order);

    return status;
}


static int
way_make(control_t *ctl, path_t *path)
{
    size_t  i;
    way_t  *way;

    way = &ctl->way;

    if (way_adopts(&ctl->trust, path) != 0
        || path_need(path, ctl->trust.seq) != 0)
    {
        return -1;
    }

    for (i = 0; i < way->n_by; i++) {
        if (path_need(path, way->by[i]) != 0) {
            return -1;
        }
    }

    return path_make(path);
}


static int
way_adopts(const paylock_verify_t *v, path_t *path)
{
    size_t                     i;
    const paylock_given_up_t  *g;

    for (i = 0; i < v->n_given_up; i++) {
        g = &v->given_up[i];

        if (g->adopt.last
            && path_adopt(path, g->seq, g->adopt.seq) != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
way_walk(control_t *ctl, const path_t *path)
{
    int       ends;
    size_t    i, k, n;
    way_at_t  at;

    at.seq = ctl->trust.seq;
    memcpy(at.hash, ctl->trust.hash, sizeof(at.hash));

    for (i = 0, ends = 0; i < path->n && !ends; i += n) {
        n = path->n - i < WAY_AT_ONCE ? path->n - i : WAY_AT_ONCE;

        if (way_ask(ctl, path, i, n) != STATUS_DONE) {
            return ctl->error.status;
        }

        for (k = 0; k < n; k++) {
            if (way_take(ctl, path, i + k, &at, &ends) != STATUS_DONE) {
                return ctl->error.status;
            }
        }
    }

    return STATUS_DONE;
}


static int
way_ask(control_t *ctl, const path_t *path, size_t from, size_t n)
{
    size_t  i;

    for (i = from; i < from + n; i++) {
        if (head_entry_queue(ctl, path->line[i].seq) != STATUS_DONE) {
            return ctl->error.status;
        }
    }

    return redis_send(ctl->redis) == 0 ? STATUS_DONE : ctl->error.status;
}


/*
 * The hash that belongs at a place is kept, whatever stands there: if that is
 * not it, no way leads on.
 */

static int
way_take(control_t *ctl, const path_t *path, size_t i, way_at_t *at, int *ends)
{
    int               status;
    redisReply       *reply;
    paylock_entry_t   e;

    reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return ctl->error.status;
    }

    status = STATUS_DONE;

    if (!*ends) {
        status = way_keep(ctl, at);

        *ends = reply->elements != 1
                || paylock_entry_read(reply->element[0], &e) != NULL
                || paylock_entry_intact(&e) != 1
                || memcmp(e.field[PAYLOCK_AUDIT_HASH].data, at->hash,
                          PAYLOCK_HASH_LEN)
                   != 0
                || (i + 1 < path->n
                    && way_next(&path->line[i], &e, at) != 0);

        ctl->way.cut = *ends ? path->line[i].seq : ctl->way.cut;
    }

    freeReplyObject(reply);

    return status;
}


/* From an entry to the next one of the path; -1: it does not lead there. */

static int
way_next(const path_line_t *line, const paylock_entry_t *e, way_at_t *at)
{
    uint64_t         to;
    paylock_adopt_t  adopt;

    to = line[1].seq;

    if (line[1].resumed) {

        if (paylock_adopt_read(e, &adopt) != NULL || adopt.seq != to) {
            return -1;
        }

        memcpy(at->hash, adopt.stays, PAYLOCK_HASH_LEN);

    } else {
        memcpy(at->hash, e->field[to == e->seq - 1 ? PAYLOCK_AUDIT_PREV
                                                   : PAYLOCK_AUDIT_SKIP].data,
               PAYLOCK_HASH_LEN);
    }

    at->seq = to;

    return 0;
}


static int
way_keep(control_t *ctl, const way_at_t *at)
{
    way_t     *way;
    way_at_t  *more;

    way = &ctl->way;

    if (way->n == way->room) {
        more = realloc(way->hash, (2 * way->room + 128) * sizeof(way_at_t));

        if (more == NULL) {
            return control_no_memory(ctl);
        }

        way->hash = more;
        way->room = 2 * way->room + 128;
    }

    way->hash[way->n++] = *at;

    return STATUS_DONE;
}


trust_way_e
trust_way_step(way_at_t *at, const paylock_entry_t *e)
{
    paylock_adopt_t  adopt;

    if (e->seq > at->seq) {
        return TRUST_WAY_FAR;
    }

    if (e->seq < at->seq || paylock_entry_intact(e) != 1
        || memcmp(e->field[PAYLOCK_AUDIT_HASH].data, at->hash,
                  PAYLOCK_HASH_LEN) != 0)
    {
        return TRUST_WAY_OFF;
    }

    at->seq = e->seq - 1;
    memcpy(at->hash, e->field[PAYLOCK_AUDIT_PREV].data, PAYLOCK_HASH_LEN);

    if (paylock_verify_is(e, "adopt")) {

        if (paylock_adopt_read(e, &adopt) != NULL) {
            return TRUST_WAY_OFF;
        }

        at->seq = adopt.seq;
        memcpy(at->hash, adopt.stays, PAYLOCK_HASH_LEN);
    }

    return TRUST_WAY_ON;
}


trust_way_e
trust_way_has(const control_t *ctl, const paylock_entry_t *e)
{
    way_at_t         key;
    const way_t     *way;
    const way_at_t  *found;

    way = &ctl->way;
    key.seq = e->seq;

    found = way->n ? bsearch(&key, way->hash, way->n, sizeof(way_at_t),
                             way_order)
                   : NULL;

    return found == NULL ? TRUST_WAY_FAR
           : paylock_entry_intact(e) == 1
             && memcmp(found->hash, e->field[PAYLOCK_AUDIT_HASH].data,
                       PAYLOCK_HASH_LEN) == 0
             ? TRUST_WAY_ON : TRUST_WAY_OFF;
}


/* Later ones come first. */

static int
way_order(const void *one, const void *two)
{
    const way_at_t  *a = one, *b = two;

    return a->seq > b->seq ? -1 : a->seq < b->seq;
}


int
trust_way_given_up(const control_t *ctl, uint64_t seq)
{
    size_t                     i;
    const paylock_given_up_t  *g;

    for (i = 0; i < ctl->trust.n_given_up; i++) {
        g = &ctl->trust.given_up[i];

        if (seq > g->adopt.seq && seq < g->seq) {
            return 1;
        }
    }

    return 0;
}


int
trust_way_sure(const control_t *ctl, const paylock_entry_t *e)
{
    const paylock_str_t     *key;
    const paylock_signer_t  *signer;

    key = &e->field[PAYLOCK_AUDIT_KEY];
    signer = key->len && ctl->trust.signers
             ? paylock_signers_find(ctl->trust.signers, key->data) : NULL;

    return signer && signer->may == 0 && signer->until.seq == 0;
}


void
trust_way_free(way_t *way)
{
    free(way->by);
    free(way->hash);
    memset(way, 0, sizeof(way_t));
}
