
/*
 * Copyright (C) 2026 paylock contributors
 *
 * With signers the trail decides what the records are, and an adopt puts them
 * back as what stays of it says.  Records of which it says nothing stay, unless
 * they are to be dropped.
 */


#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "change/adopt.h"
#include "records/records.h"
#include "trail/replay.h"
#include "trail/trust.h"


typedef struct {
    control_t  *ctl;
    adopt_t    *adopt;
    replay_t    replay;
    int         status;
} restore_t;


static void restore_entry(void *data, const paylock_entry_t *e);
static int restore_compare(restore_t *r);
static int restore_record(void *data, const redisReply *host,
    const redisReply *value);
static void restore_host(replay_host_t *h, void *data);
static int restore_fetch(restore_t *r, uint64_t seq, json_t **record);


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
    restore_t  *r;

    r = data;

    if (paylock_verify_is(e, "adopt")) {
        replay_adopt(&r->replay);
    }

    if (replay_entry(&r->replay, e) != 0) {
        r->status = control_no_memory(r->ctl);
    }

    if (r->ctl->trust.covered == e->seq || paylock_verify_is(e, "adopt")) {
        (void) replay_commit(&r->replay);
    }
}


static int
restore_compare(restore_t *r)
{
    uint64_t  n;

    json_decref(r->adopt->restore);
    r->adopt->restore = json_object();
    r->adopt->unknown = 0;

    if (r->adopt->restore == NULL) {
        return control_no_memory(r->ctl);
    }

    if (records_scan(r->ctl, &n, restore_record, r) != STATUS_DONE) {
        return r->ctl->error.status;
    }

    replay_each(&r->replay, restore_host, r);

    return r->status;
}


static int
restore_record(void *data, const redisReply *host, const redisReply *value)
{
    restore_t  *r;

    r = data;

    return replay_compare(&r->replay, host->str, host->len, value->str,
                          value->len)
           ? STATUS_DONE : control_no_memory(r->ctl);
}


static void
restore_host(replay_host_t *h, void *data)
{
    json_t     *record;
    restore_t  *r;

    r = data;

    if (r->status != STATUS_DONE || !(h->seen ? h->differs : h->there)) {
        return;
    }

    /* after the loss of a whole trail the records may be all there is */

    if (h->seq == 0) {
        r->adopt->unknown++;

        if (!r->adopt->drop) {
            return;
        }
    }

    record = json_null();

    if (h->there && restore_fetch(r, h->seq, &record) != STATUS_DONE) {
        r->status = r->ctl->error.status;
        return;
    }

    if (json_object_setn_new_nocheck(r->adopt->restore, h->name, h->len,
                                     record) != 0)
    {
        r->status = control_no_memory(r->ctl);
    }
}


/* Reads what the host's last entry wrote. */

static int
restore_fetch(restore_t *r, uint64_t seq, json_t **record)
{
    redisReply       *reply;
    paylock_str_t     after;
    paylock_entry_t   e;

    if (head_entry_read(r->ctl, seq, &reply, &e) != STATUS_DONE) {
        return r->ctl->error.status;
    }

    after = e.field[PAYLOCK_AUDIT_AFTER];
    *record = reply ? json_stringn_nocheck(after.data ? after.data : "",
                                           after.len) : NULL;
    freeReplyObject(reply);

    return *record ? STATUS_DONE : control_no_memory(r->ctl);
}
