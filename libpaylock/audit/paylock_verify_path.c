
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The export of one host: one path from the beginning of the trail to its last
 * entry.  Each line leads to the one before it, so that the signature of an
 * entry covers all lines up to it.
 */


#define _GNU_SOURCE

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_verify_parts.h"


typedef struct {
    uint64_t       seq;                /* of its last entry; 0: none yet */
    paylock_str_t  name;               /* the bytes follow */
} paylock_path_host_t;


static int paylock_verify_passes(paylock_verify_t *v,
    const paylock_link_t *l);
static int paylock_verify_is_gone(const paylock_verify_t *v, uint64_t seq);
static paylock_path_host_t *paylock_verify_host(paylock_verify_t *v,
    const paylock_str_t *name);
static int paylock_verify_host_order(const void *one, const void *two);


void
paylock_verify_path(paylock_verify_t *v)
{
    v->path = 1;
}


int
paylock_verify_leaf(paylock_verify_t *v, const paylock_leaf_t *leaf)
{
    char            hash[PAYLOCK_HASH_LEN + 1];
    paylock_key_t  *key;
    paylock_link_t  l;

    if (!v->path) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_EDIT, leaf->seq,
                                  "entry %" PRIu64 " is there as a leaf only, "
                                  "though all are to be in full", leaf->seq);
    }

    memset(&l, 0, sizeof(paylock_link_t));

    l.seq = leaf->seq;
    l.chain = v->chain;
    l.prev = leaf->prev.data;
    l.skip = leaf->skip.data;
    l.hash = hash;

    if (paylock_entry_link(v->chain, l.seq, l.prev, l.skip, leaf->leaf.data,
                           hash)
        != 0)
    {
        return paylock_verify_bad(v, PAYLOCK_FAULT_MEMORY, l.seq,
                                  "out of memory");
    }

    if (paylock_verify_place(v, &l) != 0
        || paylock_verify_pins(v, &l, NULL) != 0)
    {
        return -1;
    }

    if (leaf->sig.len) {

        if (v->row.seq
            && memcmp(v->row.key, leaf->key.data, PAYLOCK_KEY_LEN) != 0)
        {
            return paylock_verify_bad(v, PAYLOCK_FAULT_SIGNATURE, v->row.seq,
                                      "entry %" PRIu64 " is not signed: the "
                                      "next signature is of another key",
                                      v->row.seq);
        }

        if (paylock_verify_usable(v, l.seq, leaf->key.data, &key) != 0
            || paylock_verify_sig(v, &l, key, &leaf->root, &leaf->sig) != 0)
        {
            return -1;
        }
    }

    v->bare++;
    paylock_verify_accept(v, &l);

    return 0;
}


int
paylock_verify_way(paylock_verify_t *v, const paylock_link_t *l)
{
    int  prev, skip;

    prev = memcmp(l->prev, v->hash, PAYLOCK_HASH_LEN) == 0;
    skip = memcmp(l->skip, v->hash, PAYLOCK_HASH_LEN) == 0
           && v->seq <= paylock_skip_target(l->seq);

    if (prev && !l->adopt && v->seq != l->seq - 1) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_GAP, v->seq + 1,
                                  "entry %" PRIu64 " follows entry %" PRIu64
                                  ", though others must be between", l->seq,
                                  v->seq);
    }

    if (l->adopt && l->adopt->seq == v->seq
        && strcmp(l->adopt->stays, v->hash) == 0)
    {
        return prev || skip ? 0 : paylock_verify_passes(v, l);
    }

    if (!l->init
        && (l->adopt ? skip && l->adopt->seq > v->seq : skip || prev))
    {
        return 0;
    }

    return paylock_verify_bad(v, PAYLOCK_FAULT_FORK, l->seq, "entry %" PRIu64
                              " does not lead to entry %" PRIu64 " before it "
                              "as it is here", l->seq, v->seq);
}


/* Bad entries stood behind what it resumes: only a signer can give them up. */

static int
paylock_verify_passes(paylock_verify_t *v, const paylock_link_t *l)
{
    return v->signers && l->sig && v->covered == v->seq
           ? 0 : paylock_verify_bad(v, PAYLOCK_FAULT_FORK, l->seq,
                                    "entry %" PRIu64 " does not follow entry %"
                                    PRIu64 ", and no signature shows that it "
                                    "may give up what stood between",
                                    l->seq, v->seq);
}


int
paylock_verify_prior(paylock_verify_t *v, const paylock_entry_t *e)
{
    uint64_t              prior;
    paylock_path_host_t  *h;
    const paylock_str_t  *name;

    if (!paylock_entry_writes(e)) {
        return 0;
    }

    name = &e->field[PAYLOCK_AUDIT_HOST];
    h = paylock_verify_host(v, name);

    if (h == NULL) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_MEMORY, e->seq,
                                  "out of memory");
    }

    prior = paylock_entry_prior(e);

    if (prior != h->seq
        && (h->seq || !paylock_verify_is_gone(v, prior)))
    {
        return paylock_verify_bad(v, PAYLOCK_FAULT_GAP, e->seq,
                                  "entry %" PRIu64 " of \"%.255s\" follows "
                                  "its entry %" PRIu64 ", but the one before "
                                  "it here is %" PRIu64, e->seq,
                                  h->name.data, prior, h->seq);
    }

    h->seq = e->seq;

    return 0;
}


/* Did an adopt give it up?  It may leave records of which no entry tells. */

static int
paylock_verify_is_gone(const paylock_verify_t *v, uint64_t seq)
{
    size_t                     i;
    const paylock_given_up_t  *g;

    for (i = 0; i < v->n_given_up; i++) {
        g = &v->given_up[i];

        if (seq > g->adopt.seq && seq < g->seq) {
            return 1;
        }
    }

    return 0;
}


/* Finds the host, or adds it; NULL: out of memory. */

static paylock_path_host_t *
paylock_verify_host(paylock_verify_t *v, const paylock_str_t *name)
{
    char                  *bytes;
    void                 **found;
    paylock_path_host_t   *h, key;

    key.name = *name;
    found = tfind(&key, &v->hosts, paylock_verify_host_order);

    if (found) {
        return *found;
    }

    h = malloc(sizeof(paylock_path_host_t) + name->len + 1);

    if (h == NULL) {
        return NULL;
    }

    bytes = (char *) (h + 1);
    memcpy(bytes, name->data, name->len);
    bytes[name->len] = '\0';

    h->seq = 0;
    h->name.data = bytes;
    h->name.len = name->len;

    if (tsearch(h, &v->hosts, paylock_verify_host_order) == NULL) {
        free(h);
        return NULL;
    }

    return h;
}


static int
paylock_verify_host_order(const void *one, const void *two)
{
    int                         order;
    const paylock_path_host_t  *a, *b;

    a = one;
    b = two;
    order = memcmp(a->name.data, b->name.data, a->name.len < b->name.len
                                               ? a->name.len : b->name.len);

    return order ? order
           : a->name.len < b->name.len ? -1 : a->name.len > b->name.len;
}


void
paylock_verify_hosts_free(paylock_verify_t *v)
{
    tdestroy(v->hosts, free);
    v->hosts = NULL;
}
