
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Adopts: signed entries that declare a fault before them as known.
 */


#include <string.h>

#include "paylock_verify_parts.h"


static int paylock_verify_adopts(const paylock_verify_t *v,
    const paylock_entry_t *e, const char *before);
static int paylock_verify_adopter(paylock_verify_t *v,
    const paylock_entry_t *e);
static void paylock_verify_undo(paylock_verify_t *v);


int
paylock_verify_adopt(paylock_verify_t *v, const paylock_entry_t *e,
    const char *before)
{
    paylock_link_t   l;
    paylock_fault_t  fault;

    if (!paylock_verify_adopts(v, e, before)) {
        return -1;
    }

    fault = v->fault;
    paylock_verify_undo(v);

    if (paylock_verify_adopter(v, e) != 0) {
        v->fault = fault;
        return -1;
    }

    memset(&l, 0, sizeof(paylock_link_t));

    l.seq = e->seq;
    l.hash = e->field[PAYLOCK_AUDIT_HASH].data;
    l.adopt = 1;

    v->fault.kind = PAYLOCK_FAULT_NONE;
    v->known = NULL;
    v->seq = e->seq;
    v->entries++;
    v->adopts++;
    memcpy(v->hash, l.hash, PAYLOCK_HASH_LEN);

    paylock_verify_seen(v, &l);

    return 0;
}


static int
paylock_verify_adopts(const paylock_verify_t *v, const paylock_entry_t *e,
    const char *before)
{
    const paylock_str_t  *f;

    f = e->field;

    return paylock_verify_is(e, "adopt")
           && e->seq > v->seq
           && f[PAYLOCK_AUDIT_KEY].len
           && f[PAYLOCK_AUDIT_SIG].len
           && memcmp(f[PAYLOCK_AUDIT_CHAIN].data, v->chain, PAYLOCK_CHAIN_LEN)
              == 0
           && memcmp(f[PAYLOCK_AUDIT_PREV].data, before, PAYLOCK_HASH_LEN)
              == 0
           && paylock_entry_intact(e) == 1;
}


/* Is it signed by a key that counts by what was signed before the fault? */

static int
paylock_verify_adopter(paylock_verify_t *v, const paylock_entry_t *e)
{
    const char     *hex;
    paylock_key_t  *key;

    hex = e->field[PAYLOCK_AUDIT_KEY].data;

    if (!v->begun && memcmp(hex, v->genesis, PAYLOCK_KEY_LEN) == 0
        && paylock_keyring_add(&v->ring, v->genesis, e->seq))
    {
        v->begun = e->seq;
    }

    if (paylock_verify_usable(v, e->seq, hex, &key) != 0
        || paylock_verify_sig(v, e->seq, e->field[PAYLOCK_AUDIT_HASH].data,
                              key, e->field[PAYLOCK_AUDIT_SIG].data) != 0)
    {
        return -1;
    }

    key->entries++;

    return 0;
}


/* Takes back the changes of keys that no signature covers. */

static void
paylock_verify_undo(paylock_verify_t *v)
{
    size_t          i;
    paylock_key_t  *key;

    if (v->begun > v->covered) {
        paylock_keyring_free(&v->ring);
        v->begun = 0;
    }

    for (i = 0; i < v->ring.n; i++) {
        key = &v->ring.key[i];

        if (key->added > v->covered) {
            key->revoked = key->added;

        } else if (key->revoked > v->covered) {
            key->revoked = 0;
        }
    }
}
