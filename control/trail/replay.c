
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
    void  (*each)(fold_host_t *h, void *data);
    void   *data;
} fold_walk_t;


static fold_host_t *fold_host(fold_t *f, const char *name, size_t len);
static int fold_order(const void *one, const void *two);
static void fold_hash(const char *value, size_t len,
    unsigned char hash[FOLD_HASH]);
static void fold_visit(const void *node, VISIT which, void *data);


int
fold_entry(fold_t *f, const paylock_entry_t *e)
{
    fold_host_t          *h;
    const paylock_str_t  *host, *after;

    host = &e->field[PAYLOCK_AUDIT_HOST];
    after = &e->field[PAYLOCK_AUDIT_AFTER];

    if (!paylock_entry_changes(e)) {
        return 0;
    }

    h = fold_host(f, host->data, host->len);

    if (h == NULL) {
        return -1;
    }

    h->seq = e->seq;
    h->there = after->len != 0;
    fold_hash(after->data, after->len, h->after);

    return 0;
}


fold_host_t *
fold_compare(fold_t *f, const char *name, size_t len, const char *value,
    size_t value_len)
{
    fold_host_t  *h;

    h = fold_host(f, name, len);

    if (h) {
        h->seen = 1;
        fold_judge(h, value, value_len);
    }

    return h;
}


void
fold_judge(fold_host_t *h, const char *value, size_t len)
{
    unsigned char  hash[FOLD_HASH];

    if (value == NULL || !h->there) {
        h->differs = (value != NULL) != h->there;
        return;
    }

    fold_hash(value, len, hash);
    h->differs = memcmp(hash, h->after, FOLD_HASH) != 0;
}


void
fold_each(const fold_t *f, void (*each)(fold_host_t *h, void *data),
    void *data)
{
    fold_walk_t  walk;

    walk.each = each;
    walk.data = data;

    twalk_r(f->root, fold_visit, &walk);
}


void
fold_free(fold_t *f)
{
    tdestroy(f->root, free);
    f->root = NULL;
}


/* The host, made if it is not there. */

static fold_host_t *
fold_host(fold_t *f, const char *name, size_t len)
{
    void         **found;
    fold_host_t   *h;

    h = calloc(1, sizeof(fold_host_t) + len);

    if (h == NULL) {
        return NULL;
    }

    h->len = len;
    memcpy(h->name, name, len);

    found = tsearch(h, &f->root, fold_order);

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
fold_order(const void *one, const void *two)
{
    int                 order;
    const fold_host_t  *a, *b;

    a = one;
    b = two;
    order = memcmp(a->name, b->name, a->len < b->len ? a->len : b->len);

    return order ? order : a->len < b->len ? -1 : a->len > b->len;
}


static void
fold_hash(const char *value, size_t len, unsigned char hash[FOLD_HASH])
{
    unsigned char  whole[SHA256_DIGEST_LENGTH];

    (void) SHA256((const unsigned char *) value, len, whole);
    memcpy(hash, whole, FOLD_HASH);
}


static void
fold_visit(const void *node, VISIT which, void *data)
{
    fold_walk_t  *walk;

    if (which == postorder || which == leaf) {
        walk = data;
        walk->each(*(fold_host_t *const *) node, walk->data);
    }
}
