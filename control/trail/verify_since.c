
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Goes on from what was verified here before: only later entries are read.  All
 * records are: their lattice must be the one of before, with what the entries
 * took out and put in.  Whatever does not fit is left to verifying all.
 */


#include <string.h>

#include "trail/head.h"
#include "trail/verify.h"


static int since_try(verify_t *c, int *good);
static int since_begin(verify_t *c, int *good);
static void since_take(verify_t *c);
static int since_witnesses(verify_t *c, int *good);
static int since_witness(verify_t *c, paylock_witness_t *w, int *good);
static int since_given_up(const verify_t *c, const paylock_witness_t *w);


/* A key that is trusted for once may have signed what was verified never. */

int
verify_since(verify_t *c, int *good)
{
    int  status;

    *good = 0;

    if (c->signers == NULL || c->trusted.path || c->known.seq == 0) {
        return STATUS_DONE;
    }

    if (verified_load(c->ctl, c->known.chain, &c->since.before)
        != STATUS_DONE)
    {
        return c->ctl->error.status;
    }

    if (c->since.before.head.seq == 0) {
        return STATUS_DONE;
    }

    status = since_try(c, good);

    if (!*good) {
        verified_free(&c->since.before);
        replay_free(c->replay);
    }

    return status;
}


static int
since_try(verify_t *c, int *good)
{
    int  go_on;

    if (since_begin(c, &go_on) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    if (!go_on) {
        return STATUS_DONE;
    }

    if (verify_more(c) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    /* entries of before that went away, or came, are found by their number */

    if (c->n_faults || c->since.unsure || c->trail.seq < c->last
        || c->length - c->since.before.length
           != c->last - c->since.before.head.seq)
    {
        return STATUS_DONE;
    }

    if (verify_since_records(c, &go_on) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    if (!go_on) {
        return STATUS_DONE;
    }

    if (verify_end(c) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    *good = c->n_faults == 0;

    return STATUS_DONE;
}


/* Is the entry there that was the last one?  Are witnesses of before right? */

static int
since_begin(verify_t *c, int *good)
{
    char           hash[PAYLOCK_HASH_LEN + 1];
    const head_t  *head;

    *good = 0;
    head = &c->since.before.head;

    if (verify_stream_begin(c) != STATUS_DONE
        || head_hash(c->ctl, head->seq, hash) != STATUS_DONE)
    {
        return c->ctl->error.status;
    }

    if (strcmp(hash, head->hash) != 0) {
        return STATUS_DONE;
    }

    since_take(c);

    return since_witnesses(c, good);
}


static void
since_take(verify_t *c)
{
    const head_t      *head;
    paylock_verify_t  *v, *before;

    v = &c->trail;
    head = &c->since.before.head;
    before = &c->since.before.trail;

    paylock_verify_free(v);
    *v = *before;
    memset(&before->ring, 0, sizeof(paylock_keyring_t));
    before->given_up = NULL;
    before->n_given_up = 0;

    paylock_verify_from(v, head->seq, head->hash, head->root);
    c->begun = 1;
    v->first = before->first;

    memcpy(c->stands, head->hash, sizeof(head->hash));
    c->ctl->root.lattice = c->since.before.lattice;
    c->since.expected = c->since.before.lattice;
    c->since.n = 0;
    c->since.unsure = 0;

    /* what the first new entry of a host goes on from is looked at here */

    replay_adopt(c->replay);
}


static int
since_witnesses(verify_t *c, int *good)
{
    size_t             i;
    paylock_verify_t  *v;

    v = &c->trail;
    *good = 1;

    paylock_verify_witnesses(v, c->witness, c->n_witnesses);

    for (i = 0; i < c->n_witnesses && c->witness[i].seq <= v->seq; i++) {

        if (since_witness(c, &c->witness[i], good) != STATUS_DONE) {
            return c->ctl->error.status;
        }

        if (!*good) {
            return STATUS_DONE;
        }
    }

    v->next = i;

    return STATUS_DONE;
}


/*
 * Of the entries that are not read again only that of a node of nginx is looked
 * at.  A witness that may be a fault needs all that was said of its entry.
 */

static int
since_witness(verify_t *c, paylock_witness_t *w, int *good)
{
    char  hash[PAYLOCK_HASH_LEN + 1];

    *good = 0;

    if (w->seq == c->trail.seq && strcmp(w->chain, c->trail.chain) == 0
        && strcmp(w->hash, c->trail.hash) == 0)
    {
        *good = 1;
        w->state = PAYLOCK_WITNESS_FITS;
        return STATUS_DONE;
    }

    if (!w->inside || since_given_up(c, w)) {
        return STATUS_DONE;
    }

    if (strcmp(w->chain, c->trail.chain) != 0) {
        *good = 1;
        return STATUS_DONE;
    }

    if (head_hash(c->ctl, w->seq, hash) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    *good = *hash != '\0';
    w->state = strcmp(w->hash, hash) == 0 ? PAYLOCK_WITNESS_FITS
                                          : PAYLOCK_WITNESS_DIFFERS;

    return STATUS_DONE;
}


static int
since_given_up(const verify_t *c, const paylock_witness_t *w)
{
    size_t  i;

    for (i = 0; i < c->trail.n_given_up; i++) {
        if (paylock_adopt_gives_up(&c->trail.given_up[i].adopt, w->chain,
                                   w->seq))
        {
            return 1;
        }
    }

    return 0;
}
