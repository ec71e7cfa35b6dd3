
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change/change_ops.h"
#include "change/pass_entry.h"
#include "change/pass_revoke.h"
#include "paylock_host.h"
#include "records/host_name.h"
#include "trail/history.h"
#include "trail/trail.h"
#include "trail/trust.h"
#include "trail/trust_way.h"


/* Entries that tell of passes dated later than now. */

typedef struct {
    change_pass_revoke_t  *r;
    uint64_t              *seq;
    size_t                 n;
    size_t                 room;
} revoke_t;


static int revoke_begin(change_batch_t *b);
static int revoke_host(revoke_t *v, const char *host, int *whole);
static int revoke_www(revoke_t *v, const char *host, int *whole);
static int revoke_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int revoke_late(const change_pass_revoke_t *r, const paylock_entry_t *e,
    pass_entry_t *issued);
static int revoke_trust(change_batch_t *b, const revoke_t *v);
static int revoke_take(change_pass_revoke_t *r, uint64_t seq, int *good);
static int revoke_names(change_pass_revoke_t *r, const paylock_entry_t *e);
static int revoke_note(change_pass_revoke_t *r, const char *host,
    uint32_t issued);
static int revoke_apply(change_batch_t *b, change_t *ch, uint32_t now);


const change_kind_t  change_pass_revoke = {
    .action = "pass-revoke", .apply = revoke_apply, .inherits = 1,
    .begin = revoke_begin
};


/*
 * If a clock is ahead, or after another revocation, there are passes dated
 * later than now.  These must be refused as well.
 */

static int
revoke_begin(change_batch_t *b)
{
    int       status, whole;
    size_t    i;
    revoke_t  v;

    memset(&v, 0, sizeof(revoke_t));
    v.r = (change_pass_revoke_t *) b->args;
    whole = 1;
    status = STATUS_DONE;

    for (i = 0; i < b->n && whole && status == STATUS_DONE; i++) {
        status = revoke_host(&v, b->host[i], &whole);
    }

    if (status == STATUS_DONE && !whole) {
        status = trail_forwards(b->ctl, revoke_entry, &v);
    }

    if (status == STATUS_DONE && v.n) {
        status = revoke_trust(b, &v);
    }

    free(v.seq);

    return status == STATUS_DONE ? b->ctl->error.status : status;
}


/*
 * The record of a name holds for it and for "www." before it: only what these
 * two were issued is read.  That of a suffix may hold for anybody.
 */

static int
revoke_host(revoke_t *v, const char *host, int *whole)
{
    int  status, earlier;

    *whole = 0;

    if (paylock_host_suffix(host, strlen(host))) {
        return STATUS_DONE;
    }

    status = history_each(v->r->ctl, NULL, host, UINT64_MAX, revoke_entry, v,
                          whole, &earlier);

    return status == STATUS_DONE && *whole ? revoke_www(v, host, whole)
                                           : status;
}


/* Mostly it has no record, and so it never had an entry. */

static int
revoke_www(revoke_t *v, const char *host, int *whole)
{
    int          status, earlier;
    char        *name;
    control_t   *ctl;
    redisReply  *record;

    ctl = v->r->ctl;

    if (asprintf(&name, "www.%s", host) == -1) {
        return control_no_memory(ctl);
    }

    record = NULL;
    status = history_record(ctl, name, &record);

    if (status == STATUS_DONE && record->type == REDIS_REPLY_STRING) {
        status = history_each(ctl, NULL, name, UINT64_MAX, revoke_entry, v,
                              whole, &earlier);
    }

    freeReplyObject(record);
    free(name);

    return status;
}


static int
revoke_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    void          *more;
    revoke_t      *v;
    pass_entry_t   issued;

    (void) id;

    v = data;

    if (why || !revoke_late(v->r, e, &issued)) {
        return 1;
    }

    if (v->r->ctl->trust.signers == NULL) {
        return revoke_names(v->r, e);
    }

    if (v->n == v->room) {
        more = realloc(v->seq, (2 * v->room + 16) * sizeof(uint64_t));

        if (more == NULL) {
            (void) control_no_memory(v->r->ctl);
            return 0;
        }

        v->seq = more;
        v->room = 2 * v->room + 16;
    }

    v->seq[v->n++] = e->seq;

    return 1;
}


static int
revoke_late(const change_pass_revoke_t *r, const paylock_entry_t *e,
    pass_entry_t *issued)
{
    return pass_entry_read(e, issued) && issued->issued >= r->now;
}


/*
 * With signers only entries in their places are believed: what is signed now
 * because of one cannot be taken back.
 */

static int
revoke_trust(change_batch_t *b, const revoke_t *v)
{
    int         good;
    size_t      i;
    stream_t    stream;
    uint64_t    bad;
    control_t  *ctl;

    ctl = b->ctl;
    bad = 0;
    trust_way_free(&ctl->way);

    if (head_look(ctl, &stream) != STATUS_DONE
        || head_judge(ctl, &b->known, &stream) != STATUS_DONE
        || trust_follow(ctl, &stream) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    for (i = 0; i < v->n; i++) {
        if (trust_way_by(ctl, v->seq[i]) != STATUS_DONE) {
            return ctl->error.status;
        }
    }

    if (trust_way_go(ctl) != STATUS_DONE) {
        return ctl->error.status;
    }

    for (i = 0; i < v->n; i++) {
        if (revoke_take(v->r, v->seq[i], &good) != STATUS_DONE) {
            return ctl->error.status;
        }

        bad = good ? bad : v->seq[i];
    }

    if (bad) {
        control_warn(ctl, "chain_forged", "", "see what \"paylock-admin audit "
                     "verify --full\" says", "entry %" PRIu64 " in Redis is "
                     "not the one that was verified here: the pass of which it "
                     "tells is not looked at", bad);
    }

    return STATUS_DONE;
}


static int
revoke_take(change_pass_revoke_t *r, uint64_t seq, int *good)
{
    control_t        *ctl;
    redisReply       *reply;
    paylock_entry_t   e;

    *good = 0;
    ctl = r->ctl;

    if (head_entry_read(ctl, seq, &reply, &e) != STATUS_DONE) {
        return ctl->error.status;
    }

    *good = reply && trust_way_has(ctl, &e) == TRUST_WAY_ON;

    if (*good) {
        (void) revoke_names(r, &e);
    }

    freeReplyObject(reply);

    return ctl->error.status;
}


/* Returns 0 when out of memory. */

static int
revoke_names(change_pass_revoke_t *r, const paylock_entry_t *e)
{
    int            ok;
    char           host[256], **name;
    size_t         i, n;
    pass_entry_t   issued;

    if (!revoke_late(r, e, &issued)
        || !pass_entry_text(&e->field[PAYLOCK_AUDIT_HOST], host, sizeof(host)))
    {
        return 1;
    }

    if (host_name_candidates(r->ctl, host, &name, &n) != STATUS_DONE) {
        return 0;
    }

    for (i = 0, ok = 1; ok && i < n; i++) {
        ok = revoke_note(r, name[i], issued.issued);
    }

    host_names_free(name, n);

    return ok;
}


static int
revoke_note(change_pass_revoke_t *r, const char *host, uint32_t issued)
{
    if (issued <= json_integer_value(json_object_get(r->latest, host))
        || json_object_set_new(r->latest, host, json_integer(issued)) == 0)
    {
        return 1;
    }

    (void) control_no_memory(r->ctl);

    return 0;
}


/* Passes issued in this second are refused as well. */

static int
revoke_apply(change_batch_t *b, change_t *ch, uint32_t now)
{
    int                          status;
    uint32_t                     last;
    json_int_t                   latest;
    const change_pass_revoke_t  *r;

    r = b->args;

    if (ch->junk) {
        return error_set(&b->ctl->error, STATUS_FAILED, "record",
                         "lock, unlock or reset it first",
                         "the value of \"%s\" in Redis is not a record, so "
                         "that another one might end what nginx holds",
                         ch->host);
    }

    status = change_begin(b, ch, ch->record, now);

    if (status != STATUS_DONE) {
        return status;
    }

    latest = json_integer_value(json_object_get(r->latest, ch->host));
    last = now > ch->match.pass_after ? now : ch->match.pass_after;
    last = latest > last ? (uint32_t) latest : last;

    change_time(ch, PAYLOCK_PASS_AFTER, last < UINT32_MAX ? last + 1 : last);

    return change_end(b, ch, 1);
}
