
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Compares the records with what the trail says, and lists those to put back.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "change/adopt_restore.h"
#include "paylock_record.h"
#include "records/records.h"
#include "trail/root.h"
#include "trail/trust.h"


static int restore_all(restore_t *r);
static int restore_fits(restore_t *r, int *fits);
static int restore_archived(const restore_t *r, const replay_host_t *h,
    const paylock_str_t *value);
static int restore_record(void *data, const paylock_str_t *host,
    const paylock_str_t *value);
static int restore_stays(const restore_t *r, const replay_host_t *h);
static void restore_host(replay_host_t *h, void *data);
static trail_record_t *restore_add(restore_t *r, const replay_host_t *h);


int
restore_compare(restore_t *r)
{
    int  fits;

    if (restore_all(r) != STATUS_DONE
        || restore_fits(r, &fits) != STATUS_DONE)
    {
        return r->ctl->error.status;
    }

    if (!fits && r->replay.archived && r->adopt->drop) {
        r->doubted = 1;

        adopt_forget(r->adopt);

        return restore_all(r) == STATUS_DONE
               && restore_fits(r, &fits) == STATUS_DONE
               ? STATUS_DONE : r->ctl->error.status;
    }

    return fits || r->replay.archived == 0 ? STATUS_DONE
           : error_set(&r->ctl->error, STATUS_FAILED, "archived",
                       "give the files of what is archived with --archive; if "
                       "they are lost, --drop removes these records",
                       "somebody changed records by hand whose entries are "
                       "archived, up to %" PRIu64, r->replay.archived);
}


static int
restore_all(restore_t *r)
{
    uint64_t  n;

    r->n_late = 0;

    if (records_scan(r->ctl, &n, restore_record, r) != STATUS_DONE
        || root_of_pairs(r->ctl, &r->pairs) != STATUS_DONE)
    {
        return r->ctl->error.status;
    }

    replay_each(&r->replay, restore_host, r);

    return r->status == STATUS_DONE ? restore_late(r) : r->status;
}


/*
 * Is that what a signer vouches for, with or without the records of no entry?
 * These are added, if they stay.
 */

static int
restore_fits(restore_t *r, int *fits)
{
    control_t          *ctl;
    paylock_lattice_t   plain, all;

    ctl = r->ctl;
    all = ctl->root.lattice;
    *fits = 0;

    if (root_sum(ctl, &r->plain, &plain) != STATUS_DONE) {
        return ctl->error.status;
    }

    paylock_lattice_join(&all, &plain);

    if (r->replay.archived
        && (trust_root_fits(ctl, &all, fits) != STATUS_DONE
            || (!*fits && trust_root_fits(ctl, &ctl->root.lattice, fits)
                          != STATUS_DONE)))
    {
        return ctl->error.status;
    }

    if (!r->adopt->drop) {
        ctl->root.lattice = all;
    }

    free(r->plain.pair);
    memset(&r->plain, 0, sizeof(root_pairs_t));

    return STATUS_DONE;
}


static int
restore_record(void *data, const paylock_str_t *host,
    const paylock_str_t *value)
{
    restore_t      *r;
    replay_host_t  *h;

    r = data;
    h = replay_compare(&r->replay, host->data, host->len, value->data,
                       value->len);

    if (h == NULL) {
        return control_no_memory(r->ctl);
    }

    if (restore_archived(r, h, value)) {
        h->differs = 0;
        return root_pairs_add(r->ctl, &r->pairs, host, value);
    }

    if (h->seq == 0) {
        return root_pairs_add(r->ctl, &r->plain, host, value);
    }

    return restore_stays(r, h) ? root_pairs_add(r->ctl, &r->pairs, host, value)
                               : STATUS_DONE;
}


/* Does it name an archived entry? */

static int
restore_archived(const restore_t *r, const replay_host_t *h,
    const paylock_str_t *value)
{
    uint64_t  seq;

    if (h->seq || r->doubted) {
        return 0;
    }

    seq = paylock_record_seq(value->data, value->len);

    return seq && seq <= r->replay.archived;
}


/* After the loss of a whole trail the records may be all there is. */

static int
restore_stays(const restore_t *r, const replay_host_t *h)
{
    return h->seq == 0 ? !r->adopt->drop
           : h->seen ? !h->differs : !h->there;
}


static void
restore_host(replay_host_t *h, void *data)
{
    restore_t        *r;
    trail_record_t   *record;

    r = data;

    if (r->status != STATUS_DONE || !(h->seen ? h->differs : h->there)) {
        return;
    }

    r->adopt->unknown += h->seq == 0;

    if (restore_stays(r, h)) {
        return;
    }

    record = restore_add(r, h);

    if (record && h->there) {
        restore_fetch(r, h, record);
    }
}


static trail_record_t *
restore_add(restore_t *r, const replay_host_t *h)
{
    adopt_t         *t;
    trail_record_t  *more;

    t = r->adopt;

    if (t->n_restore == t->room) {
        more = realloc(t->restore, (2 * t->room + 16) * sizeof(trail_record_t));

        if (more == NULL) {
            r->status = control_no_memory(r->ctl);
            return NULL;
        }

        t->restore = more;
        t->room = 2 * t->room + 16;
    }

    more = &t->restore[t->n_restore];
    memset(more, 0, sizeof(trail_record_t));
    more->host = malloc(h->len + 1);

    if (more->host == NULL) {
        r->status = control_no_memory(r->ctl);
        return NULL;
    }

    /* the field is any bytes; a zero ends it for messages */

    memcpy(more->host, h->name, h->len);
    more->host[h->len] = '\0';
    more->len = h->len;
    t->n_restore++;

    return more;
}
