
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Keeps what was found good, for verify_since() to go on from.
 */


#include <stdlib.h>
#include <string.h>

#include "trail/root.h"
#include "trail/verify.h"
#include "trail/vouched.h"


typedef struct {
    verify_t    *check;
    verified_t  *v;
    size_t       room;
    int          status;
} remember_t;


static void remember_head(const verify_t *c, head_t *head);
static int remember_take(verify_t *c, verified_t *v);
static void remember_gone(replay_host_t *h, void *data);
static int remember_kept(verify_t *c, verified_t *v, size_t *room);
static void remember_compact(verified_t *v);


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
