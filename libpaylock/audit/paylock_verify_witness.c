
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_verify_parts.h"


static const char *paylock_verify_whose(const paylock_verify_t *v,
    uint64_t adopt);
static int paylock_verify_compare(const void *one, const void *two);


void
paylock_verify_witnesses(paylock_verify_t *v, paylock_witness_t *w, size_t n)
{
    v->witness = w;
    v->n_witnesses = n;

    if (n) {
        qsort(w, n, sizeof(paylock_witness_t), paylock_verify_compare);
    }
}


void
paylock_verify_witness(const paylock_verify_t *v, const paylock_witness_t *w,
    paylock_fault_t *fault)
{
    fault->kind = PAYLOCK_FAULT_NONE;
    fault->seq = w->seq;

    if (w->state == PAYLOCK_WITNESS_GIVEN_UP) {
        fault->kind = PAYLOCK_FAULT_ROLLBACK;
        (void) snprintf(fault->text, sizeof(fault->text), "entry %" PRIu64
                        ", which %.200s remembers, was given up by entry %"
                        PRIu64 "%s%s", w->seq, w->name, w->adopt,
                        paylock_verify_whose(v, w->adopt) ? " of " : "",
                        paylock_verify_whose(v, w->adopt)
                        ? paylock_verify_whose(v, w->adopt) : "");

    } else if (v->seq && strcmp(w->chain, v->chain) != 0) {
        fault->kind = PAYLOCK_FAULT_FORK;
        (void) snprintf(fault->text, sizeof(fault->text), "%.200s remembers "
                        "chain %s, this one is %s", w->name, w->chain,
                        v->chain);

    } else if (w->state == PAYLOCK_WITNESS_DIFFERS) {
        fault->kind = PAYLOCK_FAULT_FORK;
        (void) snprintf(fault->text, sizeof(fault->text), "entry %" PRIu64
                        " is not the one that %.200s remembers",
                        w->seq, w->name);

    } else if (w->state == PAYLOCK_WITNESS_UNSEEN && v->path
               && v->seq > w->seq)
    {
        fault->kind = PAYLOCK_FAULT_GAP;
        (void) snprintf(fault->text, sizeof(fault->text), "entry %" PRIu64
                        ", which %.200s remembers, is not shown: an export "
                        "made with --checkpoint shows it", w->seq, w->name);

    } else if (w->state == PAYLOCK_WITNESS_UNSEEN && v->seq >= w->seq) {
        fault->kind = PAYLOCK_FAULT_ROLLBACK;
        (void) snprintf(fault->text, sizeof(fault->text), "entry %" PRIu64
                        ", which %.200s remembers, is not there", w->seq,
                        w->name);

    } else if (w->state == PAYLOCK_WITNESS_UNSEEN) {
        fault->kind = PAYLOCK_FAULT_ROLLBACK;
        (void) snprintf(fault->text, sizeof(fault->text), "the trail ends "
                        "after entry %" PRIu64 ", but %.200s remembers entry "
                        "%" PRIu64, v->seq, w->name, w->seq);
    }
}


/* The name of who signed that adopt; NULL: not known. */

static const char *
paylock_verify_whose(const paylock_verify_t *v, uint64_t adopt)
{
    size_t  i;

    for (i = 0; i < v->n_given_up; i++) {
        if (v->given_up[i].seq == adopt) {
            return v->given_up[i].signer ? v->given_up[i].signer->name : NULL;
        }
    }

    return NULL;
}


void
paylock_verify_seen(paylock_verify_t *v, const paylock_link_t *l)
{
    size_t              i;
    paylock_witness_t  *w;

    while (v->next < v->n_witnesses && v->witness[v->next].seq <= l->seq) {
        w = &v->witness[v->next++];

        if (w->seq == l->seq
            && memcmp(w->chain, v->chain, PAYLOCK_CHAIN_LEN) == 0)
        {
            w->state = memcmp(w->hash, l->hash, PAYLOCK_HASH_LEN) == 0
                       ? PAYLOCK_WITNESS_FITS : PAYLOCK_WITNESS_DIFFERS;
        }
    }

    for (i = 0; l->adopt && i < v->n_witnesses; i++) {
        w = &v->witness[i];

        if ((w->state == PAYLOCK_WITNESS_UNSEEN
             || w->state == PAYLOCK_WITNESS_ARCHIVED)
            && paylock_adopt_gives_up(l->adopt, w->chain, w->seq))
        {
            w->state = PAYLOCK_WITNESS_GIVEN_UP;
            w->adopt = l->seq;
        }
    }
}


void
paylock_verify_dropped(paylock_verify_t *v, uint64_t seq)
{
    size_t              i;
    paylock_witness_t  *w;

    for (i = 0; i < v->n_witnesses; i++) {
        w = &v->witness[i];

        if ((w->state == PAYLOCK_WITNESS_FITS && w->seq > seq)
            || (w->state == PAYLOCK_WITNESS_GIVEN_UP && w->adopt > seq))
        {
            w->state = PAYLOCK_WITNESS_UNSEEN;
            w->adopt = 0;
        }
    }
}


void
paylock_verify_stands(paylock_verify_t *v, const paylock_entry_t *e)
{
    char  hash[PAYLOCK_HASH_LEN + 1];

    /* the hash that a bad entry carries need not be its own */

    if (paylock_entry_hash(e, hash) == 0) {
        paylock_verify_hash(v, e->field[PAYLOCK_AUDIT_CHAIN].data, e->seq,
                            hash);
    }
}


/* Another content than what was seen is never excused. */

void
paylock_verify_hash(paylock_verify_t *v, const char *chain, uint64_t seq,
    const char hash[PAYLOCK_HASH_LEN])
{
    size_t              i;
    paylock_witness_t  *w;

    for (i = v->next; i < v->n_witnesses && v->witness[i].seq <= seq; i++) {
        w = &v->witness[i];

        if (w->seq == seq
            && memcmp(w->chain, chain, PAYLOCK_CHAIN_LEN) == 0
            && memcmp(w->hash, hash, PAYLOCK_HASH_LEN) != 0)
        {
            w->state = PAYLOCK_WITNESS_DIFFERS;
        }
    }
}


static int
paylock_verify_compare(const void *one, const void *two)
{
    const paylock_witness_t  *a, *b;

    a = one;
    b = two;

    return a->seq < b->seq ? -1 : a->seq > b->seq;
}
