
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Pins: what the signers file says of entries.  A chain that holds another one
 * in their place is not the chain, unless an adopt gave that up.
 */


#include <inttypes.h>
#include <string.h>

#include "paylock_verify_parts.h"


static const paylock_pin_t *paylock_verify_pin(const paylock_verify_t *v,
    uint64_t after, const paylock_signer_t **whose);
static void paylock_verify_pin_first(const paylock_pin_t *pin,
    uint64_t after, const paylock_pin_t **first);


int
paylock_verify_pins(paylock_verify_t *v, const paylock_link_t *l,
    const paylock_signer_t *signer)
{
    uint64_t                 after;
    const paylock_pin_t     *pin;
    const paylock_signer_t  *whose;

    after = v->pinned;

    while ((pin = paylock_verify_pin(v, after, &whose)) != NULL
           && pin->seq <= l->seq)
    {
        after = pin->seq;

        if (pin->seq == l->seq) {

            if (memcmp(pin->hash, l->hash, PAYLOCK_HASH_LEN) == 0) {
                v->vouched = l->seq;
                continue;
            }

            return paylock_verify_bad(v, PAYLOCK_FAULT_FORK, l->seq,
                                      "entry %" PRIu64 " is not the one that "
                                      "line %u of the signers file names",
                                      l->seq, pin->line);
        }

        /* nobody gives up the end of their own revoked key */

        if (l->adopt && paylock_verify_excuses(l->adopt, l->chain, pin)
            && (whose == NULL || whose != signer))
        {
            continue;
        }

        if (v->path) {
            return paylock_verify_bad(v, PAYLOCK_FAULT_GAP, pin->seq,
                                      "entry %" PRIu64 ", which line %u of "
                                      "the signers file names, is not shown",
                                      pin->seq, pin->line);
        }

        return paylock_verify_bad(v, PAYLOCK_FAULT_FORK, l->seq,
                                  "entry %" PRIu64 " passes over entry %" PRIu64
                                  ", which line %u of the signers file names",
                                  l->seq, pin->seq, pin->line);
    }

    return 0;
}


int
paylock_verify_excuses(const paylock_adopt_t *a,
    const char chain[PAYLOCK_CHAIN_LEN], const paylock_pin_t *pin)
{
    if (pin->chain[0]) {
        return paylock_adopt_gives_up(a, pin->chain, pin->seq);
    }

    return paylock_adopt_gives_up(a, chain, pin->seq)
           || (a->last == pin->seq && strcmp(a->hash, pin->hash) == 0);
}


int
paylock_verify_pins_end(paylock_verify_t *v)
{
    const paylock_pin_t     *pin;
    const paylock_signer_t  *whose;

    pin = paylock_verify_pin(v, v->pinned, &whose);

    return pin == NULL ? 0
           : paylock_verify_bad(v, PAYLOCK_FAULT_ROLLBACK, pin->seq,
                                "the trail ends after entry %" PRIu64 ", but "
                                "line %u of the signers file names entry %"
                                PRIu64, v->seq, pin->line, pin->seq);
}


/*
 * The first pin after that seq; *whose: the signer that it ends, NULL if it is
 * a line of its own.  A line of its own wins: nobody is the owner of that.
 */

static const paylock_pin_t *
paylock_verify_pin(const paylock_verify_t *v, uint64_t after,
    const paylock_signer_t **whose)
{
    size_t                    i;
    const paylock_pin_t      *first, *before;
    const paylock_signers_t  *s;

    first = NULL;
    *whose = NULL;
    s = v->signers;

    if (s == NULL) {
        return NULL;
    }

    for (i = 0; i < s->n; i++) {
        before = first;
        paylock_verify_pin_first(&s->signer[i].until, after, &first);

        if (first != before) {
            *whose = &s->signer[i];
        }
    }

    for (i = 0; i < s->n_pins; i++) {
        before = first;
        paylock_verify_pin_first(&s->pin[i], after, &first);

        if (first != before) {
            *whose = NULL;
        }
    }

    return first;
}


static void
paylock_verify_pin_first(const paylock_pin_t *pin, uint64_t after,
    const paylock_pin_t **first)
{
    if (pin->seq > after && (*first == NULL || pin->seq < (*first)->seq)) {
        *first = pin;
    }
}
