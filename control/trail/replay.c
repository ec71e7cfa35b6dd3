
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


static replay_host_t *replay_host(replay_t *r, const char *name, size_t len);
static int replay_order(const void *one, const void *two);
static void replay_hash(const char *value, size_t len,
    unsigned char hash[REPLAY_HASH]);
static void replay_visit(const void *node, VISIT which, void *data);


int
replay_entry(replay_t *r, const paylock_entry_t *e)
{
    replay_host_t        *h;
    const paylock_str_t  *host, *after;

    host = &e->field[PAYLOCK_AUDIT_HOST];
    after = &e->field[PAYLOCK_AUDIT_AFTER];

    if (!paylock_entry_changes(e)) {
        return 0;
    }

    h = replay_host(r, host->data, host->len);

    if (h == NULL) {
        return -1;
    }

    h->seq = e->seq;
    h->there = after->len != 0;
    replay_hash(after->data, after->len, h->after);

    return 0;
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


void
replay_each(const replay_t *r, void (*each)(replay_host_t *h, void *data),
    void *data)
{
    replay_walk_t  walk;

    walk.each = each;
    walk.data = data;

    twalk_r(r->root, replay_visit, &walk);
}


void
replay_free(replay_t *r)
{
    tdestroy(r->root, free);
    r->root = NULL;
}


/* Finds the host, or adds it. */

static replay_host_t *
replay_host(replay_t *r, const char *name, size_t len)
{
    void          **found;
    replay_host_t  *h;

    h = calloc(1, sizeof(replay_host_t) + len);

    if (h == NULL) {
        return NULL;
    }

    h->len = len;
    memcpy(h->name, name, len);

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


static void
replay_hash(const char *value, size_t len, unsigned char hash[REPLAY_HASH])
{
    unsigned char  whole[SHA256_DIGEST_LENGTH];

    (void) SHA256((const unsigned char *) value, len, whole);
    memcpy(hash, whole, REPLAY_HASH);
}


static void
replay_visit(const void *node, VISIT which, void *data)
{
    replay_walk_t  *walk;

    if (which == postorder || which == leaf) {
        walk = data;
        walk->each(*(replay_host_t *const *) node, walk->data);
    }
}
