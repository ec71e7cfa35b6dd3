
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Compares the records with those of before, and with what entries since then
 * took out and put in.
 */


#include <stdlib.h>
#include <string.h>

#include "paylock_record.h"
#include "trail/root.h"
#include "trail/verify.h"


static int since_lattice(verify_t *c, root_scan_t *s, int *fits);
static size_t since_unique(verify_t *c);
static void since_mark(replay_host_t *h, void *data);


/*
 * Does the host's first new entry name the one before it?  That one is in the
 * record, or, if there was none, it is remembered.
 */

int
verify_since_entry(verify_t *c, const paylock_entry_t *e)
{
    uint64_t               prior;
    const replay_host_t   *h;
    const paylock_str_t   *host, *before, *after;

    /* what these say is compared with all that was before */

    if (paylock_verify_is(e, "adopt") || paylock_verify_is(e, "archive")) {
        c->since.unsure = 1;
    }

    if (c->since.unsure || !paylock_entry_writes(e)) {
        return STATUS_DONE;
    }

    host = &e->field[PAYLOCK_AUDIT_HOST];
    before = &e->field[PAYLOCK_AUDIT_BEFORE];
    after = &e->field[PAYLOCK_AUDIT_AFTER];
    h = c->replay->pending[c->replay->n - 1].host;

    if (h->seq == 0) {
        prior = before->len
                ? paylock_record_seq(before->data, before->len)
                : verified_gone(&c->since.before, host->data, host->len);

        if (prior != paylock_entry_prior(e)) {
            c->since.unsure = 1;
        }
    }

    if (after->len && paylock_record_seq(after->data, after->len) != e->seq) {
        c->since.unsure = 1;
    }

    return STATUS_DONE;
}


int
verify_since_pair(verify_t *c, const unsigned char pair[PAYLOCK_PAIR],
    int before)
{
    int              first;
    void            *more;
    control_t       *ctl;
    verify_since_t  *s;

    s = &c->since;
    ctl = c->ctl;
    first = before && c->replay->pending[c->replay->n - 1].host->seq == 0;

    if (s->n == s->room) {
        more = realloc(s->pair, (2 * s->room + 64) * PAYLOCK_PAIR);

        if (more == NULL) {
            return control_no_memory(ctl);
        }

        s->pair = more;
        s->room = 2 * s->room + 64;
    }

    memcpy(s->pair[s->n++], pair, PAYLOCK_PAIR);

    return !first || paylock_lattice_remove(&ctl->root.ctx, &s->expected, pair)
                     == 0
           ? STATUS_DONE : control_no_crypto(ctl);
}


/*
 * Reads all records; then those of hosts with new entries once more, each of
 * which must be what its last entry wrote.
 */

int
verify_since_records(verify_t *c, int *good)
{
    int          fits, status;
    root_scan_t  s;

    *good = 0;
    c->compared = 1;
    status = root_scan(c->ctl, &s, &c->records);

    if (status == STATUS_DONE) {
        replay_each(c->replay, since_mark, NULL);
        status = verify_records_again(c, 0);
    }

    if (status == STATUS_DONE && c->n_faults == 0 && c->differ == 0
        && !c->since.unsure)
    {
        status = since_lattice(c, &s, &fits);

        if (status == STATUS_DONE) {
            status = verify_others(c);
        }

        *good = status == STATUS_DONE && fits && c->n_faults == 0;
    }

    if (*good) {
        status = verify_vouched(c, &s);
    }

    root_scan_free(&s);

    return status;
}


static void
since_mark(replay_host_t *h, void *data)
{
    (void) data;

    h->differs = 1;
}


/*
 * Hosts with new entries are left out on both sides, as what was read of them
 * depends on when it was read.
 */

static int
since_lattice(verify_t *c, root_scan_t *s, int *fits)
{
    size_t               n;
    paylock_lattice_t   *expected;

    *fits = 0;
    n = since_unique(c);
    expected = &c->since.expected;

    if (root_scan_remove(c->ctl, s, c->since.pair, n) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    *fits = memcmp(&s->lattice, expected, sizeof(paylock_lattice_t)) == 0;

    if (*fits) {
        return STATUS_DONE;
    }

    /* HSCAN returns some twice while the hash grows or shrinks */

    if (root_scan_unique(c->ctl, s, c->since.pair, n) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    *fits = memcmp(&s->lattice, expected, sizeof(paylock_lattice_t)) == 0;

    return STATUS_DONE;
}


static size_t
since_unique(verify_t *c)
{
    size_t           i, n;
    verify_since_t  *s;

    s = &c->since;
    n = 0;

    if (s->n) {
        qsort(s->pair, s->n, PAYLOCK_PAIR, root_scan_order);
    }

    for (i = 0; i < s->n; i++) {
        if (n == 0 || root_scan_order(s->pair[n - 1], s->pair[i]) != 0) {
            memmove(s->pair[n++], s->pair[i], PAYLOCK_PAIR);
        }
    }

    s->n = n;

    return n;
}
