
/*
 * Copyright (C) 2026 paylock contributors
 *
 * With signers the trail decides what the records are, and an adopt puts them
 * back as what stays of it says.  Records of which it says nothing stay, unless
 * they are to be dropped.
 */


#include <stdlib.h>
#include <string.h>

#include "change/adopt.h"
#include "records/records.h"
#include "trail/replay.h"
#include "trail/root.h"
#include "trail/trust.h"


typedef struct {
    control_t    *ctl;
    adopt_t      *adopt;
    replay_t      replay;
    root_pairs_t  pairs;               /* the records that stay */
    int           status;
} restore_t;


static void restore_entry(void *data, const paylock_entry_t *e);
static int restore_compare(restore_t *r);
static int restore_record(void *data, const redisReply *host,
    const redisReply *value);
static int restore_stays(const restore_t *r, const replay_host_t *h);
static void restore_host(replay_host_t *h, void *data);
static trail_record_t *restore_add(restore_t *r, const replay_host_t *h);
static void restore_fetch(restore_t *r, uint64_t seq, trail_record_t *record);


int
adopt_verify(control_t *ctl, adopt_t *t)
{
    int                status;
    restore_t          r;
    paylock_verify_t  *v;

    v = &ctl->trust;

    memset(&r, 0, sizeof(restore_t));
    r.ctl = ctl;
    r.adopt = t;
    adopt_forget(t);

    paylock_verify_free(v);
    paylock_verify_begin(v, NULL, ctl->settings.realm, v->signers);

    status = trust_walk(ctl, v, 0, restore_entry, &r);

    if (status == STATUS_DONE) {
        status = r.status;
    }

    if (status == STATUS_DONE) {
        memset(&t->stays, 0, sizeof(head_t));
        t->stays.seq = v->covered;
        memcpy(t->stays.hash, v->covered_hash, sizeof(v->covered_hash));
        memcpy(t->stays.chain, v->chain, sizeof(v->chain));

        status = restore_compare(&r);
    }

    replay_free(&r.replay);

    return status;
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
    uint64_t  n;

    if (records_scan(r->ctl, &n, restore_record, r) != STATUS_DONE
        || root_of_pairs(r->ctl, &r->pairs) != STATUS_DONE)
    {
        return r->ctl->error.status;
    }

    replay_each(&r->replay, restore_host, r);

    return r->status;
}


static int
restore_record(void *data, const redisReply *host, const redisReply *value)
{
    restore_t      *r;
    replay_host_t  *h;

    r = data;
    h = replay_compare(&r->replay, host->str, host->len, value->str,
                       value->len);

    if (h == NULL) {
        return control_no_memory(r->ctl);
    }

    return restore_stays(r, h) ? root_pairs_add(r->ctl, &r->pairs, host, value)
                               : STATUS_DONE;
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
        restore_fetch(r, h->seq, record);
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
restore_fetch(restore_t *r, uint64_t seq, trail_record_t *record)
{
    redisReply       *reply;
    paylock_str_t     host, after;
    paylock_entry_t   e;

    if (head_entry_read(r->ctl, seq, &reply, &e) != STATUS_DONE) {
        r->status = r->ctl->error.status;
        return;
    }

    if (reply) {
        after = e.field[PAYLOCK_AUDIT_AFTER];
        record->value = strndup(after.len ? after.data : "", after.len);
        record->value_len = after.len;
    }

    freeReplyObject(reply);

    if (record->value == NULL) {
        r->status = control_no_memory(r->ctl);
        return;
    }

    host.data = record->host;
    host.len = record->len;
    after.data = record->value;
    r->status = root_change(r->ctl, &host, NULL, &after);
}
