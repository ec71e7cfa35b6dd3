
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "trail/replay.h"


typedef struct {
    void    (*each)(replay_host_t *h, void *data);
    void   *data;
} replay_walk_t;


static void replay_excuse(replay_host_t *h, void *data);
static int replay_order(const void *one, const void *two);
static void replay_visit(const void *node, VISIT which, int depth);


/* twalk() hands on nothing, and twalk_r() is glibc's alone */

static _Thread_local replay_walk_t  replay_walk;


int
replay_entry(replay_t *r, const paylock_entry_t *e)
{
    replay_pending_t     *p;
    const paylock_str_t  *host, *before, *after;

    host = &e->field[PAYLOCK_AUDIT_HOST];
    before = &e->field[PAYLOCK_AUDIT_BEFORE];
    after = &e->field[PAYLOCK_AUDIT_AFTER];

    if (!paylock_entry_writes(e)) {
        return 0;
    }

    if (r->n == r->size) {
        p = realloc(r->pending, (2 * r->size + 16) * sizeof(replay_pending_t));

        if (p == NULL) {
            return -1;
        }

        r->pending = p;
        r->size = 2 * r->size + 16;
    }

    p = &r->pending[r->n];
    p->host = replay_host(r, host->data, host->len);

    if (p->host == NULL) {
        return -1;
    }

    p->seq = e->seq;
    p->prior = paylock_entry_prior(e);
    p->there = after->len != 0;
    replay_hash(before->data, before->len, p->before);
    replay_hash(after->data, after->len, p->after);

    if (r->others) {
        replay_other_entry(p, e);
    }

    r->n++;

    return 0;
}


uint64_t
replay_commit(replay_t *r)
{
    size_t             i;
    uint64_t           differs;
    replay_host_t     *h;
    replay_pending_t  *p;

    differs = 0;

    for (i = 0; i < r->n; i++) {
        p = &r->pending[i];
        h = p->host;

        if (h->seq == 0
            && (r->adopted || (p->prior && p->prior <= r->archived)))
        {
            memcpy(h->after, p->before, REPLAY_HASH);
            h->seq = p->prior;

            if (r->others) {
                h->first = p->seq;
                h->before = p->was;
            }

        } else if (h->seq == 0) {
            replay_hash(NULL, 0, h->after);
        }

        if (differs == 0
            && (p->prior != h->seq
                || memcmp(p->before, h->after, REPLAY_HASH) != 0))
        {
            differs = p->seq;
        }

        h->seq = p->seq;
        h->there = p->there;
        memcpy(h->after, p->after, REPLAY_HASH);

        if (r->others) {
            replay_other_commit(r, p);
        }
    }

    /* the entries of one transaction do not see each other */

    for (i = 0; r->others && i < r->n; i++) {
        r->pending[i].host->times = r->pending[i].times;
    }

    r->n = 0;

    return differs;
}


void
replay_adopt(replay_t *r)
{
    r->n = 0;
    r->adopted = 1;

    replay_each(r, replay_excuse, NULL);
}


static void
replay_excuse(replay_host_t *h, void *data)
{
    (void) data;

    h->looser.seq = 0;
}


replay_host_t *
replay_compare(replay_t *r, const char *name, size_t len, const char *value,
    size_t value_len)
{
    replay_host_t  *h;

    h = replay_host(r, name, len);

    if (h) {
        h->seen = 1;
        replay_judge(h, value, value_len);
    }

    return h;
}


void
replay_judge(replay_host_t *h, const char *value, size_t len)
{
    unsigned char  hash[REPLAY_HASH];

    if (value == NULL || !h->there) {
        h->differs = (value != NULL) != h->there;
        return;
    }

    replay_hash(value, len, hash);
    h->differs = memcmp(hash, h->after, REPLAY_HASH) != 0;
}


replay_host_t *
replay_find(const replay_t *r, const char *name, size_t len)
{
    void          **found;
    replay_host_t   key;

    key.name = name;
    key.len = len;
    found = tfind(&key, &r->root, replay_order);

    return found ? *found : NULL;
}


void
replay_each(const replay_t *r, void (*each)(replay_host_t *h, void *data),
    void *data)
{
    replay_walk.each = each;
    replay_walk.data = data;

    twalk(r->root, replay_visit);
}


void
replay_free(replay_t *r)
{
    tdestroy(r->root, free);
    free(r->pending);
    memset(r, 0, sizeof(replay_t));
}


replay_host_t *
replay_host(replay_t *r, const char *name, size_t len)
{
    void          **found;
    replay_host_t  *h;

    /* most are there already */

    h = replay_find(r, name, len);

    if (h) {
        return h;
    }

    h = calloc(1, sizeof(replay_host_t) + len);

    if (h == NULL) {
        return NULL;
    }

    h->len = len;
    h->name = memcpy(h + 1, name, len);

    found = tsearch(h, &r->root, replay_order);

    if (found == NULL) {
        free(h);
        return NULL;
    }

    if (*found != h) {
        free(h);
    }

    return *found;
}


static int
replay_order(const void *one, const void *two)
{
    int                   order;
    const replay_host_t  *ctl, *b;

    ctl = one;
    b = two;
    order = memcmp(ctl->name, b->name, ctl->len < b->len ? ctl->len : b->len);

    return order ? order : ctl->len < b->len ? -1 : ctl->len > b->len;
}


void
replay_hash(const char *value, size_t len, unsigned char hash[REPLAY_HASH])
{
    unsigned char  whole[SHA256_DIGEST_LENGTH];

    (void) SHA256((const unsigned char *) value, len, whole);
    memcpy(hash, whole, REPLAY_HASH);
}


static void
replay_visit(const void *node, VISIT which, int depth)
{
    (void) depth;

    if (which == postorder || which == leaf) {
        replay_walk.each(*(replay_host_t *const *) node, replay_walk.data);
    }
}
