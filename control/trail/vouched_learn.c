
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads all records, which are to be those that the head signed, while others
 * may change some.  Of those nothing is remembered.
 */


#include <stdlib.h>
#include <string.h>

#include "trail/archived.h"
#include "trail/root.h"
#include "trail/trail.h"
#include "trail/vouched.h"


/* Pairs that entries after the head took out, and those that they put in. */

typedef struct {
    control_t      *ctl;
    root_pairs_t    out;
    root_pairs_t    in;
    int             status;
} learn_t;


/* The pairs that are to be remembered. */

typedef struct {
    vouched_t        *v;
    unsigned char   (*but)[PAYLOCK_PAIR];
    size_t            n;
} vouched_take_t;


static int learn_since(learn_t *l, const head_t *head);
static int learn_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int learn_add(learn_t *l, root_pairs_t *p, const paylock_entry_t *e,
    paylock_audit_field_e field);
static int learn_expect(learn_t *l, paylock_lattice_t *expected);
static int learn_fits(learn_t *l, root_scan_t *s, int *fits);
static int vouched_keep(control_t *ctl, const head_t *head,
    const root_scan_t *s, unsigned char (*but)[PAYLOCK_PAIR], size_t n);
static void vouched_add(void *data, const unsigned char pair[PAYLOCK_PAIR]);
static void vouched_sort(vouched_t *v);


int
vouched_learn(control_t *ctl, const head_t *head)
{
    int          status, fits;
    learn_t      l;
    uint64_t     records;
    root_scan_t  s;

    memset(&l, 0, sizeof(learn_t));
    l.ctl = ctl;
    fits = 0;

    ctl->vouched.hashed = head->seq;
    status = root_scan(ctl, &s, &records);

    if (status == STATUS_DONE) {
        status = learn_since(&l, head);
    }

    if (status == STATUS_DONE) {
        status = learn_fits(&l, &s, &fits);
    }

    if (fits) {
        status = vouched_keep(ctl, head, &s, l.in.pair, l.in.n);
        vouched_save(ctl);
    }

    free(l.out.pair);
    free(l.in.pair);
    root_scan_free(&s);

    return status;
}


/* Whoever forged these entries only leaves out records. */

static int
learn_since(learn_t *l, const head_t *head)
{
    int  status;

    status = trail_after(l->ctl, head->seq, learn_entry, l);

    return status == STATUS_DONE ? l->status : status;
}


static int
learn_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    learn_t  *l;

    (void) id;

    l = data;

    if (why || !paylock_entry_writes(e)) {
        return 1;
    }

    l->status = learn_add(l, &l->out, e, PAYLOCK_AUDIT_BEFORE);

    if (l->status == STATUS_DONE) {
        l->status = learn_add(l, &l->in, e, PAYLOCK_AUDIT_AFTER);
    }

    return l->status == STATUS_DONE;
}


static int
learn_add(learn_t *l, root_pairs_t *p, const paylock_entry_t *e,
    paylock_audit_field_e field)
{
    void  *more;

    if (e->field[field].len == 0) {
        return STATUS_DONE;
    }

    if (p->n == p->room) {
        more = realloc(p->pair, (2 * p->room + 64) * PAYLOCK_PAIR);

        if (more == NULL) {
            return control_no_memory(l->ctl);
        }

        p->pair = more;
        p->room = 2 * p->room + 64;
    }

    return root_pair(l->ctl, &e->field[PAYLOCK_AUDIT_HOST], &e->field[field],
                     p->pair[p->n++]);
}


/* Without what they changed, on both sides, all must be as it was signed. */

static int
learn_fits(learn_t *l, root_scan_t *s, int *fits)
{
    control_t          *ctl;
    paylock_lattice_t   expected;

    ctl = l->ctl;

    if (learn_expect(l, &expected) != STATUS_DONE
        || root_scan_remove(ctl, s, l->in.pair, l->in.n) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    *fits = memcmp(&s->lattice, &expected, sizeof(expected)) == 0;

    if (*fits) {
        return STATUS_DONE;
    }

    /* HSCAN returns some twice */

    if (root_scan_unique(ctl, s, l->in.pair, l->in.n) != STATUS_DONE) {
        return ctl->error.status;
    }

    *fits = memcmp(&s->lattice, &expected, sizeof(expected)) == 0;

    return STATUS_DONE;
}


/*
 * What was taken out was there at the head, unless it was put in since.  After
 * that l->in has both.
 */

static int
learn_expect(learn_t *l, paylock_lattice_t *expected)
{
    void                  *both;
    size_t                 i;
    control_t             *ctl;
    root_pairs_t          *in, *out;
    const unsigned char   *pair;

    ctl = l->ctl;
    in = &l->in;
    out = &l->out;
    *expected = ctl->root.lattice;

    both = realloc(in->pair, (in->n + out->n + 1) * PAYLOCK_PAIR);

    if (both == NULL) {
        return control_no_memory(ctl);
    }

    in->pair = both;
    qsort(in->pair, in->n, PAYLOCK_PAIR, root_scan_order);

    for (i = 0; i < out->n; i++) {
        pair = out->pair[i];

        if (bsearch(pair, in->pair, in->n, PAYLOCK_PAIR, root_scan_order)
            == NULL
            && paylock_lattice_remove(&ctl->root.ctx, expected, pair) != 0)
        {
            return control_no_crypto(ctl);
        }
    }

    if (out->n) {
        memcpy(in->pair + in->n, out->pair, out->n * PAYLOCK_PAIR);
        in->n += out->n;
        qsort(in->pair, in->n, PAYLOCK_PAIR, root_scan_order);
    }

    return STATUS_DONE;
}


int
vouched_take(control_t *ctl, const head_t *head, const root_scan_t *s,
    unsigned char (*but)[PAYLOCK_PAIR], size_t n)
{
    archived_t  found;

    vouched_free(&ctl->vouched);

    if (archived_here(ctl, &found) != STATUS_DONE) {
        return ctl->error.status;
    }

    return found.entry ? vouched_keep(ctl, head, s, but, n) : STATUS_DONE;
}


static int
vouched_keep(control_t *ctl, const head_t *head, const root_scan_t *s,
    unsigned char (*but)[PAYLOCK_PAIR], size_t n)
{
    vouched_t       *v;
    vouched_take_t   take = { &ctl->vouched, but, n };

    v = &ctl->vouched;
    vouched_free(v);

    v->pair = malloc((s->n + 1) * VOUCHED_PAIR);
    v->gone = calloc(s->n / 8 + 1, 1);

    if (v->pair == NULL || v->gone == NULL) {
        vouched_free(v);
        return control_no_memory(ctl);
    }

    root_scan_each(s, vouched_add, &take);
    vouched_sort(v);

    v->seq = head->seq;
    memcpy(v->chain, head->chain, sizeof(v->chain));
    memcpy(v->hash, head->hash, sizeof(v->hash));

    return STATUS_DONE;
}


static void
vouched_add(void *data, const unsigned char pair[PAYLOCK_PAIR])
{
    vouched_take_t  *take;

    take = data;

    if (take->n == 0 || bsearch(pair, take->but, take->n, PAYLOCK_PAIR,
                                root_scan_order) == NULL)
    {
        memcpy(take->v->pair[take->v->n++], pair, VOUCHED_PAIR);
    }
}


/* HSCAN returns some twice. */

static void
vouched_sort(vouched_t *v)
{
    size_t  i, n;

    qsort(v->pair, v->n, VOUCHED_PAIR, vouched_order);

    for (i = 0, n = 0; i < v->n; i++) {
        if (n == 0 || vouched_order(v->pair[i], v->pair[n - 1]) != 0) {
            memmove(v->pair[n++], v->pair[i], VOUCHED_PAIR);
        }
    }

    v->n = n;
}
