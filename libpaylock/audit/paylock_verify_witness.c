
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_verify_parts.h"


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
    fault->adopted = 0;

    if (v->seq && strcmp(w->chain, v->chain) != 0) {
        fault->kind = PAYLOCK_FAULT_FORK;
        (void) snprintf(fault->text, sizeof(fault->text), "%.200s remembers "
                        "chain %s, this one is %s", w->name, w->chain,
                        v->chain);

    } else if (w->state == PAYLOCK_WITNESS_DIFFERS) {
        fault->kind = PAYLOCK_FAULT_FORK;
        (void) snprintf(fault->text, sizeof(fault->text), "entry %" PRIu64
                        " is not the one that %.200s remembers",
                        w->seq, w->name);

    } else if (w->state == PAYLOCK_WITNESS_UNSEEN) {
        fault->kind = PAYLOCK_FAULT_ROLLBACK;
        (void) snprintf(fault->text, sizeof(fault->text), "the trail ends "
                        "after entry %" PRIu64 ", but %.200s remembers entry "
                        "%" PRIu64, v->seq, w->name, w->seq);
    }
}


void
paylock_verify_seen(paylock_verify_t *v, const paylock_link_t *l)
{
    size_t              i;
    paylock_witness_t  *w;

    while (v->next < v->n_witnesses && v->witness[v->next].seq <= l->seq) {
        w = &v->witness[v->next++];

        w->state = w->seq != l->seq ? PAYLOCK_WITNESS_UNSEEN
                   : memcmp(w->hash, l->hash, PAYLOCK_HASH_LEN) == 0
                   ? PAYLOCK_WITNESS_FITS : PAYLOCK_WITNESS_DIFFERS;
    }

    /* an adopt declares what differs or is missing before it */

    for (i = 0; l->adopt && i < v->next; i++) {
        w = &v->witness[i];

        if (w->seq < l->seq && w->state != PAYLOCK_WITNESS_FITS) {
            w->state = PAYLOCK_WITNESS_ADOPTED;
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
