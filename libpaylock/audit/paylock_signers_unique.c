
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "paylock_signers_parts.h"


typedef int (*paylock_signers_order_pt)(const void *one, const void *two);


static const char *paylock_signers_once(paylock_signers_t *s,
    paylock_signers_order_pt order, const char *twice, unsigned *line);
static const char *paylock_signers_pins(const paylock_signers_t *s,
    unsigned *line);
static int paylock_signers_by_name(const void *one, const void *two);
static int paylock_signers_by_key(const void *one, const void *two);
static int paylock_signers_by_seq(const void *one, const void *two);
static int paylock_signers_is_key(const void *key, const void *one);


const char *
paylock_signers_unique(paylock_signers_t *s, unsigned *line)
{
    size_t       i;
    const char  *why;

    s->by_key = calloc(s->n + 1, sizeof(paylock_signer_t *));

    if (s->by_key == NULL) {
        return PAYLOCK_SIGNERS_MEM;
    }

    for (i = 0; i < s->n; i++) {
        s->by_key[i] = &s->signer[i];
    }

    why = paylock_signers_pins(s, line);

    if (why == NULL) {
        why = paylock_signers_once(s, paylock_signers_by_name,
                                   "has a name that an earlier line has",
                                   line);
    }

    if (why == NULL) {
        why = paylock_signers_once(s, paylock_signers_by_key,
                                   "has a key that an earlier line has", line);
    }

    return why;
}


const paylock_signer_t *
paylock_signers_find(const paylock_signers_t *s,
    const char key[PAYLOCK_KEY_LEN])
{
    const paylock_signer_t **found;

    found = s->n ? bsearch(key, s->by_key, s->n, sizeof(s->by_key[0]),
                           paylock_signers_is_key)
                 : NULL;

    return found ? *found : NULL;
}


static const char *
paylock_signers_once(paylock_signers_t *s, paylock_signers_order_pt order,
    const char *twice, unsigned *line)
{
    size_t  i;

    qsort(s->by_key, s->n, sizeof(s->by_key[0]), order);

    for (i = 1; i < s->n; i++) {

        if (order(&s->by_key[i - 1], &s->by_key[i]) == 0) {
            *line = s->by_key[i]->line > s->by_key[i - 1]->line
                    ? s->by_key[i]->line : s->by_key[i - 1]->line;
            return twice;
        }
    }

    return NULL;
}


/* Pins and the ends of revoked signers must agree. */

static const char *
paylock_signers_pins(const paylock_signers_t *s, unsigned *line)
{
    size_t                i, n;
    const char           *why;
    const paylock_pin_t **pin;

    pin = calloc(s->n + s->n_pins + 1, sizeof(paylock_pin_t *));

    if (pin == NULL) {
        return PAYLOCK_SIGNERS_MEM;
    }

    for (n = 0; n < s->n_pins; n++) {
        pin[n] = &s->pin[n];
    }

    for (i = 0; i < s->n; i++) {
        if (s->signer[i].until.seq) {
            pin[n++] = &s->signer[i].until;
        }
    }

    qsort(pin, n, sizeof(pin[0]), paylock_signers_by_seq);

    why = NULL;

    for (i = 1; i < n && why == NULL; i++) {

        if (pin[i - 1]->seq == pin[i]->seq
            && strcmp(pin[i - 1]->hash, pin[i]->hash) != 0)
        {
            *line = pin[i]->line;
            why = "has another hash for an entry than an earlier line";
        }
    }

    free(pin);

    return why;
}


static int
paylock_signers_by_name(const void *one, const void *two)
{
    return strcmp((*(const paylock_signer_t *const *) one)->name,
                  (*(const paylock_signer_t *const *) two)->name);
}


static int
paylock_signers_by_key(const void *one, const void *two)
{
    return strcmp((*(const paylock_signer_t *const *) one)->key,
                  (*(const paylock_signer_t *const *) two)->key);
}


static int
paylock_signers_by_seq(const void *one, const void *two)
{
    const paylock_pin_t  *a, *b;

    a = *(const paylock_pin_t *const *) one;
    b = *(const paylock_pin_t *const *) two;

    return a->seq != b->seq ? (a->seq < b->seq ? -1 : 1)
           : a->line < b->line ? -1 : a->line > b->line;
}


static int
paylock_signers_is_key(const void *key, const void *one)
{
    return memcmp(key, (*(const paylock_signer_t *const *) one)->key,
                  PAYLOCK_KEY_LEN);
}
