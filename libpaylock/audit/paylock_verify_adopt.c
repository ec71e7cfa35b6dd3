
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Adopts: signed entries that give up what stands before them.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_verify_parts.h"


static int paylock_verify_adopts(const paylock_verify_t *v,
    const paylock_entry_t *e, const char *before, paylock_adopt_t *adopt);
static int paylock_verify_adopter(paylock_verify_t *v,
    const paylock_entry_t *e, const paylock_link_t *l);


int
paylock_verify_adopt(paylock_verify_t *v, const paylock_entry_t *e,
    const char *before)
{
    uint64_t          pinned;
    paylock_row_t     row;
    paylock_link_t    l;
    paylock_fault_t   fault;
    paylock_adopt_t   adopt;

    if (!paylock_verify_adopts(v, e, before, &adopt)) {
        paylock_verify_stands(v, e);
        paylock_verify_archive_stands(v, e);
        return -1;
    }

    memset(&l, 0, sizeof(paylock_link_t));

    l.seq = e->seq;
    l.chain = e->field[PAYLOCK_AUDIT_CHAIN].data;
    l.skip = e->field[PAYLOCK_AUDIT_SKIP].data;
    l.hash = e->field[PAYLOCK_AUDIT_HASH].data;
    l.adopt = &adopt;

    row = v->row;
    fault = v->fault;
    pinned = v->pinned;

    if (paylock_verify_adopter(v, e, &l) != 0) {
        v->row = row;
        v->fault = fault;
        v->pinned = pinned;
        paylock_verify_stands(v, e);
        return -1;
    }

    if (adopt.seq == 0) {
        memcpy(v->chain, l.chain, PAYLOCK_CHAIN_LEN);
    }

    v->fault.kind = PAYLOCK_FAULT_NONE;

    paylock_verify_dropped(v, adopt.seq);
    paylock_verify_accept(v, &l);

    return 0;
}


int
paylock_verify_give_up(paylock_verify_t *v, const paylock_link_t *l,
    const paylock_signer_t *signer)
{
    return paylock_verify_gave_up(v, l->seq, l->adopt, signer) == 0 ? 0
           : paylock_verify_bad(v, PAYLOCK_FAULT_MEMORY, l->seq,
                                "out of memory");
}


int
paylock_verify_gave_up(paylock_verify_t *v, uint64_t seq,
    const paylock_adopt_t *adopt, const paylock_signer_t *signer)
{
    paylock_given_up_t  *more;

    more = realloc(v->given_up,
                   (v->n_given_up + 1) * sizeof(paylock_given_up_t));

    if (more == NULL) {
        return -1;
    }

    v->given_up = more;
    more += v->n_given_up++;

    more->seq = seq;
    more->signer = signer;
    more->adopt = *adopt;

    return 0;
}


/*
 * Does it follow what stands there, and resume the last entry that is signed?
 */

static int
paylock_verify_adopts(const paylock_verify_t *v, const paylock_entry_t *e,
    const char *before, paylock_adopt_t *adopt)
{
    const paylock_str_t  *f;

    f = e->field;

    return v->signers
           && !v->path
           && paylock_verify_is(e, "adopt")
           && paylock_adopt_read(e, adopt) == NULL
           && adopt->seq == v->covered
           && strcmp(adopt->stays, v->covered_hash) == 0
           && e->seq > v->seq
           && f[PAYLOCK_AUDIT_KEY].len
           && f[PAYLOCK_AUDIT_SIG].len
           && (adopt->seq == 0
               || memcmp(f[PAYLOCK_AUDIT_CHAIN].data, v->chain,
                         PAYLOCK_CHAIN_LEN) == 0)
           && (*before == '\0'
               || memcmp(f[PAYLOCK_AUDIT_PREV].data, before, PAYLOCK_HASH_LEN)
                  == 0)
           && paylock_entry_intact(e) == 1;
}


/* Is it signed by a signer that counts? */

static int
paylock_verify_adopter(paylock_verify_t *v, const paylock_entry_t *e,
    const paylock_link_t *l)
{
    paylock_key_t  *key;

    /* a transaction that broke off is given up, with all that it said */

    v->row.seq = 0;
    v->pinned = v->covered;
    paylock_skip_copy(&v->skip, &v->covered_skip);

    if (paylock_verify_skip(v, l) != 0
        || paylock_verify_key(v, e, &key) != 0
        || paylock_verify_pins(v, l, key->signer) != 0
        || paylock_verify_sig(v, l, key, &e->field[PAYLOCK_AUDIT_ROOT],
                              &e->field[PAYLOCK_AUDIT_SIG]) != 0)
    {
        return -1;
    }

    while (v->n_given_up
           && v->given_up[v->n_given_up - 1].seq > l->adopt->seq)
    {
        v->n_given_up--;
    }

    if (paylock_verify_give_up(v, l, key->signer) != 0) {
        return -1;
    }

    key->first = key->first ? key->first : e->seq;
    key->entries++;

    return 0;
}
