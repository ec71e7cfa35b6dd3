
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trail/root.h"
#include "trail/root_scan.h"
#include "trail/trail.h"
#include "trail/trust_root.h"


typedef struct {
    control_t        *ctl;
    paylock_vouch_t   vouch;
    trust_step_t     *step;            /* the newest first */
    size_t            n;
    size_t            room;
    int               rc;              /* as of paylock_vouch_back() */
    int               status;
} trust_root_t;


static int trust_root_is(const control_t *ctl, const head_t *head);
static int trust_root_walk(trust_root_t *w, uint64_t seq, const char *hash);
static int trust_root_entry(void *data, const char *id,
    const paylock_entry_t *e, const char *why);
static int trust_root_keep(trust_root_t *w, const paylock_entry_t *e);
static void trust_root_free(trust_root_t *w);
static int trust_root_judge(trust_root_t *w, const head_t *head);
static int trust_root_there(control_t *ctl, const head_t *head, int *there);
static int trust_root_scan(trust_root_t *w, const head_t *head);
static int trust_root_both(trust_root_t *w, const paylock_lattice_t *l,
    int *fits);
static int trust_root_bad(trust_root_t *w, const head_t *head);
static int trust_root_moved(control_t *ctl, const head_t *head, int *moved);


void
trust_root_note(control_t *ctl, const paylock_entry_t *e)
{
    if (ctl->trust.signers && paylock_vouch_begins(ctl->trust.signers, e)) {
        trust_root_at(ctl, e->seq, e->field[PAYLOCK_AUDIT_HASH].data,
                      e->field[PAYLOCK_AUDIT_ROOT].data);
    }
}


void
trust_root_at(control_t *ctl, uint64_t seq,
    const char hash[PAYLOCK_HASH_LEN + 1],
    const char root[PAYLOCK_HASH_LEN + 1])
{
    ctl->base.seq = *root ? seq : 0;

    if (ctl->base.seq) {
        memcpy(ctl->base.hash, hash, PAYLOCK_HASH_LEN);
        memcpy(ctl->base.root, root, PAYLOCK_HASH_LEN);
    }
}


int
trust_root(control_t *ctl, const stream_t *s)
{
    int            status;
    trust_root_t   w;
    const head_t  *head;

    head = &s->head;

    if (ctl->trust.signers == NULL || trust_root_is(ctl, head)) {
        return STATUS_DONE;
    }

    w.ctl = ctl;
    status = trust_root_walk(&w, head->seq, head->hash);

    if (status == STATUS_DONE && !trust_root_is(ctl, head)) {
        status = trust_root_judge(&w, head);
    }

    if (status == STATUS_DONE) {
        trust_root_at(ctl, head->seq, head->hash, ctl->trust.root);
    }

    trust_root_free(&w);

    return status;
}


int
trust_root_raced(const control_t *ctl)
{
    return ctl->error.code && strcmp(ctl->error.code, TRUST_ROOT_RACE) == 0;
}


int
trust_root_fits(control_t *ctl, const paylock_lattice_t *l, int *fits)
{
    int            status;
    trust_root_t   w;

    *fits = 0;
    w.ctl = ctl;
    status = trust_root_walk(&w, ctl->trust.covered, ctl->trust.covered_hash);

    if (status == STATUS_DONE && w.rc == 0) {
        status = trust_root_both(&w, l, fits);
    }

    trust_root_free(&w);

    return status;
}


static int
trust_root_is(const control_t *ctl, const head_t *head)
{
    return ctl->base.seq == head->seq
           && memcmp(ctl->base.hash, head->hash, PAYLOCK_HASH_LEN) == 0;
}


static int
trust_root_walk(trust_root_t *w, uint64_t seq, const char *hash)
{
    int         status;
    control_t  *ctl;

    ctl = w->ctl;
    memset(w, 0, sizeof(trust_root_t));
    w->ctl = ctl;
    w->rc = 1;

    status = control_lattice(ctl);

    paylock_vouch_begin(&w->vouch, &ctl->root.ctx, ctl->trust.chain,
                        ctl->settings.realm, ctl->trust.signers, seq, hash);
    paylock_vouch_known(&w->vouch, ctl->base.seq, ctl->base.hash,
                        ctl->base.root);

    if (status == STATUS_DONE) {
        status = trail_before(ctl, seq, trust_root_entry, w);
    }

    return status == STATUS_DONE ? w->status : status;
}


static int
trust_root_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    trust_root_t  *w;

    (void) id;

    w = data;

    if (why) {
        return 1;
    }

    w->rc = paylock_vouch_back(&w->vouch, e);

    if (w->rc == 1) {
        w->status = trust_root_keep(w, e);
    }

    return w->rc == 1 && w->status == STATUS_DONE;
}


static int
trust_root_keep(trust_root_t *w, const paylock_entry_t *e)
{
    trust_step_t  *more;

    if (w->n == w->room) {
        more = realloc(w->step, (2 * w->room + 16) * sizeof(trust_step_t));

        if (more == NULL) {
            return control_no_memory(w->ctl);
        }

        w->step = more;
        w->room = 2 * w->room + 16;
    }

    return trust_step(w->ctl, e, &w->step[w->n++]);
}


int
trust_step(control_t *ctl, const paylock_entry_t *e, trust_step_t *step)
{
    int                   status;
    const paylock_str_t  *host, *before, *after;

    host = &e->field[PAYLOCK_AUDIT_HOST];
    before = &e->field[PAYLOCK_AUDIT_BEFORE];
    after = &e->field[PAYLOCK_AUDIT_AFTER];

    memset(step, 0, sizeof(trust_step_t));
    step->writes = paylock_entry_writes(e) != 0;
    step->prior = paylock_entry_prior(e);
    step->had = before->len != 0;
    step->has = after->len != 0;

    if (step->writes
        && ((status = root_pair(ctl, host, before, step->before))
            != STATUS_DONE
            || (status = root_pair(ctl, host, after, step->after))
               != STATUS_DONE))
    {
        return status;
    }

    return STATUS_DONE;
}


static void
trust_root_free(trust_root_t *w)
{
    paylock_vouch_free(&w->vouch);
    free(w->step);
}


/*
 * The lattice in Redis will do if each record before is proven.  If not, it
 * may be a sum of what never was, and only the records themselves can tell.
 */

static int
trust_root_judge(trust_root_t *w, const head_t *head)
{
    int         there, fits, proven;
    control_t  *ctl;

    ctl = w->ctl;

    if (w->rc != 0) {
        return trust_root_bad(w, head);
    }

    if (trust_root_there(ctl, head, &there) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (!there) {
        return trust_root_scan(w, head);
    }

    if (trust_root_both(w, &ctl->root.lattice, &fits) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (!fits) {
        return trust_root_bad(w, head);
    }

    if (trust_prior(ctl, w->step, w->n, head->seq, w->vouch.base, &proven)
        != STATUS_DONE)
    {
        return ctl->error.status;
    }

    return proven ? STATUS_DONE : trust_root_scan(w, head);
}


/* Is the lattice in Redis that of the head? */

static int
trust_root_there(control_t *ctl, const head_t *head, int *there)
{
    char  hex[PAYLOCK_HASH_LEN + 1];

    *there = 0;

    if (ctl->root.seq != head->seq && root_fetch(ctl) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (root_of(ctl, &ctl->root.lattice, hex) != STATUS_DONE) {
        return ctl->error.status;
    }

    *there = ctl->root.seq == head->seq && strcmp(hex, ctl->trust.root) == 0;

    return STATUS_DONE;
}


static int
trust_root_scan(trust_root_t *w, const head_t *head)
{
    int           status, fits;
    control_t    *ctl;
    root_scan_t   s;

    ctl = w->ctl;
    status = root_scan_all(ctl, &s);

    ctl->root.lattice = s.lattice;
    ctl->root.seq = head->seq;
    root_scan_free(&s);

    if (status != STATUS_DONE
        || trust_root_both(w, &ctl->root.lattice, &fits) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    return fits ? STATUS_DONE : trust_root_bad(w, head);
}


static int
trust_root_both(trust_root_t *w, const paylock_lattice_t *l, int *fits)
{
    int   rc;
    char  hex[PAYLOCK_HASH_LEN + 1];

    if (root_of(w->ctl, l, hex) != STATUS_DONE) {
        return w->ctl->error.status;
    }

    rc = paylock_vouch_fits(&w->vouch, l);
    *fits = rc == 1 && strcmp(hex, w->ctl->trust.root) == 0;

    return rc == -1 ? control_no_crypto(w->ctl) : STATUS_DONE;
}


static int
trust_root_bad(trust_root_t *w, const head_t *head)
{
    int          moved;
    control_t   *ctl;
    const char  *why;

    ctl = w->ctl;
    why = w->rc == -1 ? w->vouch.v.fault.text
          : w->rc == 1 ? "the entry that vouches for them is missing"
          : "its records do not follow from those before";

    if (trust_root_moved(ctl, head, &moved) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (moved) {
        return error_set(&ctl->error, STATUS_FAILED, TRUST_ROOT_RACE,
                         "try again", "entries were added meanwhile");
    }

    return error_set(&ctl->error, STATUS_FAILED, "root",
                     "find out who has the key that signed it, and revoke it; "
                     "\"paylock-admin audit verify\" says more; "
                     "\"paylock-admin adopt\" puts back what the trail says",
                     "the records in Redis at %s are not to be believed: "
                     "entry %" PRIu64 " signed them, whose signer may not "
                     "adopt, and since entry %" PRIu64 " %s",
                     ctl->settings.where, head->seq, w->vouch.base, why);
}


/* Without a lock somebody else may have added entries. */

static int
trust_root_moved(control_t *ctl, const head_t *head, int *moved)
{
    stream_t  now;

    if (head_look(ctl, &now) != STATUS_DONE) {
        return ctl->error.status;
    }

    *moved = now.head.seq > head->seq;

    return STATUS_DONE;
}
