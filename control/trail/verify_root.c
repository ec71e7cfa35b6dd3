
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Are the roots that were signed those of the records that the entries wrote?
 * An adopt, and an init, may sign records of which no entry tells: then later
 * roots cannot be told, until an adopt signs no more than the entries wrote.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trail/root.h"
#include "trail/verify.h"


static int verify_root_fits(verify_t *c, int *fits);
static int verify_root_add(verify_t *c, const paylock_entry_t *e,
    paylock_audit_field_e field, int there);
static int verify_root_apply(verify_t *c);
static int verify_root_bad(verify_t *c, uint64_t seq);


int
verify_root(verify_t *c, const paylock_entry_t *e)
{
    int  fits;

    if (paylock_entry_writes(e)
        && (verify_root_add(c, e, PAYLOCK_AUDIT_BEFORE, 0) != STATUS_DONE
            || verify_root_add(c, e, PAYLOCK_AUDIT_AFTER, 1) != STATUS_DONE))
    {
        return c->ctl->error.status;
    }

    if (c->trail.covered != e->seq) {
        return STATUS_DONE;
    }

    if (verify_root_apply(c) != STATUS_DONE
        || verify_root_fits(c, &fits) != STATUS_DONE)
    {
        return c->ctl->error.status;
    }

    if (paylock_verify_is(e, "init")) {
        c->root.unknown = !fits;
    }

    return fits || c->root.unknown ? STATUS_DONE : verify_root_bad(c, e->seq);
}


int
verify_root_adopt(verify_t *c)
{
    int  fits;

    c->root.n = 0;

    if (verify_root_fits(c, &fits) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    c->root.unknown = !fits;

    return STATUS_DONE;
}


static int
verify_root_fits(verify_t *c, int *fits)
{
    char  hex[PAYLOCK_HASH_LEN + 1];

    *fits = 0;

    if (root_sign(c->ctl, hex) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    *fits = strcmp(hex, c->trail.root) == 0;

    return STATUS_DONE;
}


static int
verify_root_bad(verify_t *c, uint64_t seq)
{
    paylock_fault_t  fault;

    /* once is enough: all that follow would differ as well */

    c->root.unknown = 1;

    fault.kind = PAYLOCK_FAULT_FLAGS;
    fault.seq = seq;
    (void) snprintf(fault.text, sizeof(fault.text), "the root that entry %"
                    PRIu64 " signed is not that of the records that the "
                    "entries up to it wrote", seq);

    return verify_fault(c, &fault);
}


static int
verify_root_add(verify_t *c, const paylock_entry_t *e,
    paylock_audit_field_e field, int there)
{
    void                  *more;
    verify_pair_t         *p;
    verify_root_t         *r;
    const paylock_str_t   *host, *value;

    r = &c->root;
    host = &e->field[PAYLOCK_AUDIT_HOST];
    value = &e->field[field];

    if (value->len == 0) {
        return STATUS_DONE;
    }

    if (r->n == r->room) {
        more = realloc(r->pair, (2 * r->room + 16) * sizeof(verify_pair_t));

        if (more == NULL) {
            return control_no_memory(c->ctl);
        }

        r->pair = more;
        r->room = 2 * r->room + 16;
    }

    p = &r->pair[r->n++];
    p->there = there;

    if (root_pair(c->ctl, host, value, p->pair) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    return c->since.before.head.seq
           ? verify_since_pair(c, p->pair, !there) : STATUS_DONE;
}


static int
verify_root_apply(verify_t *c)
{
    int                     rc;
    size_t                  i;
    root_t                 *root;
    const verify_pair_t    *p;

    root = &c->ctl->root;

    for (i = 0; i < c->root.n; i++) {
        p = &c->root.pair[i];
        rc = p->there
             ? paylock_lattice_add(&root->ctx, &root->lattice, p->pair)
             : paylock_lattice_remove(&root->ctx, &root->lattice, p->pair);

        if (rc != 0) {
            return control_no_crypto(c->ctl);
        }
    }

    c->root.n = 0;

    return STATUS_DONE;
}


void
verify_root_reset(verify_t *c)
{
    free(c->root.pair);
    memset(&c->root, 0, sizeof(verify_root_t));
    memset(&c->ctl->root.lattice, 0, sizeof(paylock_lattice_t));
}
