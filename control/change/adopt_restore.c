
/*
 * Copyright (C) 2026 paylock contributors
 *
 * With signers the trail decides what the records are, and an adopt puts them
 * back as what stays of it says.  Records of which it says nothing stay, unless
 * they are to be dropped.
 *
 * Those whose entry is archived stay if all together have the root that was
 * signed.  If not, the files of the archives say what they are.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "change/adopt.h"
#include "paylock_record.h"
#include "records/records.h"
#include "trail/archived.h"
#include "trail/replay.h"
#include "trail/root.h"
#include "trail/trust.h"
#include "trail/verify.h"


/* A record whose entry stands in an archive, by the number of both. */

typedef struct {
    uint64_t              seq;
    size_t                record;
    const replay_host_t  *host;
} restore_late_t;


typedef struct {
    control_t    *ctl;
    adopt_t      *adopt;
    replay_t      replay;
    root_pairs_t  pairs;               /* the records that stay */
    root_pairs_t  plain;               /* those of no entry */
    unsigned      doubted:1;           /* those of archived entries as well */
    restore_late_t  *late;             /* to be read from the archives */
    size_t        n_late;
    int           status;
} restore_t;


static int restore_archives(restore_t *r, verify_t *c);
static int restore_walk(restore_t *r, verify_t *c);
static void restore_entry(void *data, const paylock_entry_t *e);
static int restore_compare(restore_t *r);
static int restore_all(restore_t *r);
static int restore_fits(restore_t *r, int *fits);
static int restore_archived(const restore_t *r, const replay_host_t *h,
    const paylock_str_t *value);
static int restore_record(void *data, const paylock_str_t *host,
    const paylock_str_t *value);
static int restore_stays(const restore_t *r, const replay_host_t *h);
static void restore_host(replay_host_t *h, void *data);
static trail_record_t *restore_add(restore_t *r, const replay_host_t *h);
static void restore_fetch(restore_t *r, const replay_host_t *h,
    trail_record_t *record);
static int restore_value(restore_t *r, trail_record_t *record,
    const paylock_str_t *after);
static int restore_later(restore_t *r, const replay_host_t *h);
static int restore_late(restore_t *r);
static int restore_late_entry(void *data, const paylock_entry_t *e);
static int restore_late_order(const void *one, const void *two);


int
adopt_verify(control_t *ctl, adopt_t *t)
{
    int                status;
    verify_t           c;
    restore_t          r;
    paylock_verify_t  *v;

    v = &ctl->trust;
    memset(&r, 0, sizeof(restore_t));
    r.ctl = ctl;
    r.adopt = t;

    adopt_forget(t);
    paylock_verify_free(v);

    status = restore_archives(&r, &c);

    if (status == STATUS_DONE) {
        status = restore_walk(&r, &c);
    }

    /* what the files of archives say is not looked at any more */

    paylock_verify_archives(v, NULL, 0);
    verify_free(&c);

    if (status == STATUS_DONE) {
        memset(&t->stays, 0, sizeof(head_t));

        t->stays.seq = v->covered;
        t->vouched = v->vouched;
        memcpy(t->stays.hash, v->covered_hash, sizeof(v->covered_hash));
        memcpy(t->stays.chain, v->chain, sizeof(v->chain));

        status = restore_compare(&r);
    }

    free(r.late);
    free(r.plain.pair);
    replay_free(&r.replay);

    return status;
}


/* Goes through the files of archives first, if there are any. */

static int
restore_archives(restore_t *r, verify_t *c)
{
    control_t  *ctl;

    ctl = r->ctl;
    memset(c, 0, sizeof(verify_t));

    c->ctl = ctl;
    c->signers = ctl->trust.signers;
    c->replay = &r->replay;
    c->archive_path = r->adopt->archive;
    c->n_paths = r->adopt->n_archives;

    if (verify_trail(c, NULL) != STATUS_DONE
        || verify_archives(c) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    ctl->trust = c->trail;
    memset(&c->trail, 0, sizeof(paylock_verify_t));

    return c->n_faults == 0 ? STATUS_DONE
           : error_set(&ctl->error, STATUS_FAILED, "archive",
                       "give all files, the oldest first",
                       "the archives are not good: %s", c->fault[0].text);
}


/*
 * Then the stream, which must go on from there.  If it does by its hashes, the
 * entry that tells of the last file may be missing: another one is written.
 */

static int
restore_walk(restore_t *r, verify_t *c)
{
    uint64_t           first, before;
    control_t         *ctl;
    paylock_verify_t  *v;

    ctl = r->ctl;
    v = &ctl->trust;
    memset(&r->adopt->untold, 0, sizeof(paylock_archive_t));

    if (archived_first(ctl, &first, &before) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (c->n_archives && before != v->seq) {
        return error_set(&ctl->error, STATUS_FAILED, "archive",
                         "give all files of what is not in Redis, the oldest "
                         "first, or run the same without --archive",
                         "the audit trail \"%s\" in Redis at %s begins with "
                         "entry %" PRIu64 ", and those files end with entry %"
                         PRIu64, ctl->settings.audit, ctl->settings.where,
                         first, v->seq);
    }

    if (v->seq == 0 && archived_begin(ctl, v) != STATUS_DONE) {
        return ctl->error.status;
    }

    r->replay.archived = v->behind.seq;

    if (trust_walk(ctl, v, 0, restore_entry, r) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (v->archives + 1 == c->n_archives
        && v->covered > c->archive[v->archives].seq)
    {
        r->adopt->untold = c->archive[v->archives];

    } else if (v->archives < c->n_archives) {
        return error_set(&ctl->error, STATUS_FAILED, "archive",
                         "run the same without --archive",
                         "no good entry of the audit trail \"%s\" in Redis at "
                         "%s tells of these archives", ctl->settings.audit,
                         ctl->settings.where);
    }

    /* nobody has signed that the stream begins there */

    if (v->behind.seq && v->archives == 0) {
        v->covered = 0;
        v->covered_hash[0] = '\0';
    }

    return r->status;
}


/* What an adopt of before gave up was never signed. */

static void
restore_entry(void *data, const paylock_entry_t *e)
{
    uint64_t    differs;
    restore_t  *r;

    r = data;

    if (paylock_verify_is(e, "adopt")) {
        replay_adopt(&r->replay);
        r->adopt->over_hand = 0;
    }

    if (replay_entry(&r->replay, e) != 0) {
        r->status = control_no_memory(r->ctl);
    }

    if (r->ctl->trust.covered == e->seq || paylock_verify_is(e, "adopt")) {
        differs = replay_commit(&r->replay);

        if (r->adopt->over_hand == 0) {
            r->adopt->over_hand = differs;
        }
    }
}


static int
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


/* Reads what the host's last entry wrote. */

static void
restore_fetch(restore_t *r, const replay_host_t *h, trail_record_t *record)
{
    redisReply       *reply;
    paylock_entry_t   e;

    if (head_entry_read(r->ctl, h->seq, &reply, &e) != STATUS_DONE) {
        r->status = r->ctl->error.status;
        return;
    }

    r->status = reply ? restore_value(r, record,
                                      &e.field[PAYLOCK_AUDIT_AFTER])
                      : restore_later(r, h);

    freeReplyObject(reply);
}


static int
restore_value(restore_t *r, trail_record_t *record,
    const paylock_str_t *after)
{
    paylock_str_t  host;

    record->value = strndup(after->len ? after->data : "", after->len);
    record->value_len = after->len;

    if (record->value == NULL) {
        return control_no_memory(r->ctl);
    }

    host.data = record->host;
    host.len = record->len;

    return root_change(r->ctl, &host, NULL, after);
}


/* It stands in an archive, all of which are read once. */

static int
restore_later(restore_t *r, const replay_host_t *h)
{
    restore_late_t  *more;

    more = realloc(r->late, (r->n_late + 1) * sizeof(restore_late_t));

    if (more == NULL) {
        return control_no_memory(r->ctl);
    }

    r->late = more;
    more += r->n_late++;

    more->seq = h->seq;
    more->record = r->adopt->n_restore - 1;
    more->host = h;

    return STATUS_DONE;
}


static int
restore_late(restore_t *r)
{
    size_t  i;

    if (r->n_late == 0) {
        return STATUS_DONE;
    }

    qsort(r->late, r->n_late, sizeof(restore_late_t), restore_late_order);

    for (i = 0; i < r->adopt->n_archives; i++) {

        if (verify_archive_each(r->ctl, r->adopt->archive[i],
                                restore_late_entry, r) != STATUS_DONE)
        {
            return r->ctl->error.status;
        }
    }

    for (i = 0; i < r->n_late; i++) {

        if (r->adopt->restore[r->late[i].record].value == NULL) {
            return error_set(&r->ctl->error, STATUS_FAILED, "archive",
                             "give all files, the oldest first",
                             "entry %" PRIu64 " is in none of the archives",
                             r->late[i].seq);
        }
    }

    return STATUS_DONE;
}


/* The file may have changed since it was verified. */

static int
restore_late_entry(void *data, const paylock_entry_t *e)
{
    restore_t        *r;
    replay_host_t     h;
    restore_late_t   *late, key;
    paylock_str_t     after;

    r = data;
    key.seq = e->seq;
    late = bsearch(&key, r->late, r->n_late, sizeof(restore_late_t),
                   restore_late_order);

    if (late == NULL) {
        return STATUS_DONE;
    }

    after = e->field[PAYLOCK_AUDIT_AFTER];
    h = *late->host;
    replay_judge(&h, after.data, after.len);

    return h.differs ? STATUS_DONE
           : restore_value(r, &r->adopt->restore[late->record], &after);
}


static int
restore_late_order(const void *one, const void *two)
{
    const restore_late_t  *a, *b;

    a = one;
    b = two;

    return a->seq < b->seq ? -1 : a->seq > b->seq;
}
