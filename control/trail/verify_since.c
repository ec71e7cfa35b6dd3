
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Goes on from what was verified here before: only later entries are read.  All
 * records are: their lattice must be the one of before, with what the entries
 * took out and put in.  Whatever does not fit is left to verifying all.
 */


#include <stdlib.h>
#include <string.h>

#include "paylock_record.h"
#include "trail/head.h"
#include "trail/root.h"
#include "trail/verify.h"
#include "trail/vouched.h"


static int since_try(verify_t *c, int *good);
static int since_begin(verify_t *c, int *good);
static void since_take(verify_t *c);
static int since_witnesses(verify_t *c, int *good);
static int since_witness(verify_t *c, paylock_witness_t *w, int *good);
static int since_given_up(const verify_t *c, const paylock_witness_t *w);
static int since_records(verify_t *c, int *good);
static int since_lattice(verify_t *c, root_scan_t *s, int *fits);
static size_t since_unique(verify_t *c);
static void since_mark(replay_host_t *h, void *data);
static void remember_head(const verify_t *c, head_t *head);
static int remember_take(verify_t *c, verified_t *v);
static void remember_gone(replay_host_t *h, void *data);
static int remember_kept(verify_t *c, verified_t *v, size_t *room);
static void remember_compact(verified_t *v);


typedef struct {
    verify_t    *check;
    verified_t  *v;
    size_t       room;
    int          status;
} remember_t;


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

    if (since_records(c, &go_on) != STATUS_DONE) {
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

static int
since_records(verify_t *c, int *good)
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
        *good = status == STATUS_DONE && fits;
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


/*
 * What the next time goes on from.  If the records are not those of the entries
 * alone, or do not name their entry, all is verified the next time as well.
 */

int
verify_remember(verify_t *c)
{
    int         status;
    char        root[PAYLOCK_HASH_LEN + 1];
    verified_t  v;

    if (c->ctl->vouched.seq == c->trail.seq) {
        vouched_save(c->ctl);
    }

    if (c->signers == NULL || c->root.unknown || c->unnumbered
        || c->trail.seq == c->since.before.head.seq)
    {
        return STATUS_DONE;
    }

    if (root_sign(c->ctl, root) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    if (strcmp(root, c->trail.root) != 0) {
        return STATUS_DONE;
    }

    memset(&v, 0, sizeof(verified_t));
    status = remember_take(c, &v);

    if (status == STATUS_DONE) {
        status = verified_save(c->ctl, &v, c->known.seq);
    }

    free(v.gone);

    return status;
}


int
verify_vouched(verify_t *c, const root_scan_t *s)
{
    head_t  head;

    remember_head(c, &head);

    return c->signers ? vouched_take(c->ctl, &head, s, c->since.pair,
                                     c->since.n)
                      : STATUS_DONE;
}


static void
remember_head(const verify_t *c, head_t *head)
{
    const paylock_verify_t  *t;

    t = &c->trail;
    memset(head, 0, sizeof(head_t));

    head->seq = t->seq;
    memcpy(head->chain, t->chain, sizeof(t->chain));
    memcpy(head->hash, t->hash, sizeof(t->hash));
    memcpy(head->root, t->root, sizeof(t->root));
}


static int
remember_take(verify_t *c, verified_t *v)
{
    remember_t               r;
    const paylock_verify_t  *t;

    t = &c->trail;

    v->trail = *t;
    v->lattice = c->ctl->root.lattice;
    v->length = c->length + (t->seq - c->last);
    remember_head(c, &v->head);

    r.check = c;
    r.v = v;
    r.room = 0;
    r.status = STATUS_DONE;

    replay_each(c->replay, remember_gone, &r);

    if (r.status == STATUS_DONE) {
        r.status = remember_kept(c, v, &r.room);
    }

    return r.status;
}


static void
remember_gone(replay_host_t *h, void *data)
{
    remember_t     *r;
    unsigned char   host[REPLAY_HASH];

    r = data;

    if (r->status != STATUS_DONE || h->seq == 0
        || (h->there && r->check->since.before.n_gone == 0))
    {
        return;
    }

    replay_hash(h->name, h->len, host);
    r->status = verified_gone_add(r->check->ctl, r->v, &r->room, host,
                                  h->there ? 0 : h->seq);
}


/* Hosts that were without a record before, and have no new entry. */

static int
remember_kept(verify_t *c, verified_t *v, size_t *room)
{
    size_t                  i, n;
    const verified_t       *before;
    const verified_gone_t  *gone;

    before = &c->since.before;
    verified_gone_sort(v);
    n = v->n_gone;

    for (i = 0; i < before->n_gone; i++) {
        gone = &before->gone[i];

        if (!verified_gone_is(v, n, gone->host)
            && verified_gone_add(c->ctl, v, room, gone->host, gone->seq)
               != STATUS_DONE)
        {
            return c->ctl->error.status;
        }
    }

    remember_compact(v);
    verified_gone_sort(v);

    return STATUS_DONE;
}


/* Those that have a record again. */

static void
remember_compact(verified_t *v)
{
    size_t  i, n;

    for (i = 0, n = 0; i < v->n_gone; i++) {
        if (v->gone[i].seq) {
            v->gone[n++] = v->gone[i];
        }
    }

    v->n_gone = n;
}
