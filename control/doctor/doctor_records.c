
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Finds values that are not records, and records that differ from the audit
 * trail.  To be fast, only its last entries are read, with the records that
 * they wrote, and of very many records some; "audit verify" reads all.
 */


#define _GNU_SOURCE

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "change/change_ops.h"
#include "doctor/doctor.h"
#include "paylock_adopt.h"
#include "paylock_host.h"
#include "paylock_record.h"
#include "records/records.h"
#include "trail/archived.h"
#include "trail/head.h"
#include "trail/replay.h"
#include "trail/trail.h"


#define RECORDS_LAST  10000            /* entries that are read, at most */
#define RECORDS_NAME  256
#define RECORDS_ASKED  256             /* hosts, at once */
#define RECORDS_LOST  100              /* adopts that are heeded, at most */


/* Entries that an adopt gave up: what they wrote is past. */

typedef struct {
    uint64_t  after;
    uint64_t  adopt;
} records_lost_t;


typedef struct {
    control_t  *ctl;
    replay_t    replay;
    uint64_t    first;                 /* seq of the first entry read */
    uint64_t    last;
    int         failed;
    size_t      n_lost;
    uint64_t    read;
    uint64_t    broken;                /* not valid records or hosts */
    uint64_t    differ;
    uint64_t    closed;                /* closed though protected */
    uint64_t    unknown;               /* without an entry that was read */
    char        one_broken[RECORDS_NAME];
    char        one_differs[RECORDS_NAME];
    char        one_closed[RECORDS_NAME];
    char        why[RECORDS_NAME];

    records_lost_t  lost[RECORDS_LOST];        /* the last ones */

    /* hosts of the entries, whose records were not read yet */

    replay_host_t  *host[RECORDS_ASKED];
    size_t          n_hosts;
} records_check_t;


static int doctor_records_read(records_check_t *c);
static int doctor_records_lost(void *data, const char *id,
    const paylock_entry_t *e, const char *why);
static int doctor_records_entry(void *data, const char *id,
    const paylock_entry_t *e, const char *why);
static int doctor_records_rest(records_check_t *c);
static int doctor_records_one(void *data, const paylock_str_t *host,
    const paylock_str_t *value);
static void doctor_records_unseen(replay_host_t *h, void *data);
static int doctor_records_ask(records_check_t *c);
static int doctor_records_closed(const paylock_str_t *value,
    const paylock_record_t *rec);
static void doctor_records_differ(replay_host_t *h, void *data);
static void doctor_records_say(doctor_t *d, const records_check_t *c,
    uint64_t n);


void
doctor_records(doctor_t *d)
{
    uint64_t         n;
    records_check_t  c;

    memset(&c, 0, sizeof(records_check_t));
    c.ctl = d->ctl;

    if (doctor_records_read(&c) != STATUS_DONE
        || records_some(d->ctl, DOCTOR_RECORDS, &n, doctor_records_one, &c)
           != STATUS_DONE
        || doctor_records_rest(&c) != STATUS_DONE

        /* hosts that were changed meanwhile have entries after that one */

        || trail_from(d->ctl, c.last + 1, doctor_records_entry,
                      &c) != STATUS_DONE
        || c.failed)
    {
        doctor_failed(d, "records");

    } else {
        replay_each(&c.replay, doctor_records_differ, &c);
        doctor_records_say(d, &c, n);
    }

    replay_free(&c.replay);
}


static int
doctor_records_read(records_check_t *c)
{
    head_t      head;
    archived_t  found;

    if (head_newest(c->ctl, &head) != STATUS_DONE
        || archived_here(c->ctl, &found) != STATUS_DONE)
    {
        return c->ctl->error.status;
    }

    c->first = head.seq > RECORDS_LAST ? head.seq - RECORDS_LAST + 1 : 1;

    if (found.entry && found.archive.seq >= c->first) {
        c->first = found.archive.seq + 1;
    }

    c->last = head.seq;

    return trail_from(c->ctl, c->first, doctor_records_lost, c) == STATUS_DONE
           ? trail_from(c->ctl, c->first, doctor_records_entry, c)
           : c->ctl->error.status;
}


static int
doctor_records_lost(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    records_check_t  *c;
    paylock_adopt_t   adopt;

    (void) id;

    c = data;

    if (why == NULL && paylock_str_is(e->field[PAYLOCK_AUDIT_ACTION], "adopt")
        && paylock_adopt_read(e, &adopt) == NULL)
    {
        c->lost[c->n_lost % RECORDS_LOST].after = adopt.seq;
        c->lost[c->n_lost % RECORDS_LOST].adopt = e->seq;
        c->n_lost++;
    }

    return 1;
}


static int
doctor_records_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    size_t            i;
    records_check_t  *c;

    (void) id;

    c = data;

    for (i = 0; i < c->n_lost && i < RECORDS_LOST; i++) {
        if (e->seq > c->lost[i].after && e->seq < c->lost[i].adopt) {
            return 1;
        }
    }

    if (why == NULL && replay_entry(&c->replay, e) != 0) {
        c->failed = 1;
        (void) control_no_memory(c->ctl);
    }

    (void) replay_commit(&c->replay);

    return !c->failed;
}


static int
doctor_records_one(void *data, const paylock_str_t *host,
    const paylock_str_t *value)
{
    const char        *why;
    records_check_t   *c;
    paylock_record_t   rec;

    c = data;
    c->read++;
    why = paylock_host_check(host->data, host->len);

    if (why == NULL) {
        why = paylock_record_parse(value->data, value->len, &rec);
    }

    if (why && c->broken++ == 0) {
        (void) snprintf(c->one_broken, RECORDS_NAME, "%.*s", (int) host->len,
                        host->data);
        (void) snprintf(c->why, RECORDS_NAME, "%s", why);
    }

    if (why == NULL && doctor_records_closed(value, &rec) && c->closed++ == 0) {
        (void) snprintf(c->one_closed, RECORDS_NAME, "%.*s", (int) host->len,
                        host->data);
    }

    /* most were changed last before the entries that were read */

    if ((why || c->first > 1)
        && replay_find(&c->replay, host->data, host->len) == NULL)
    {
        c->unknown += why == NULL;
        return STATUS_DONE;
    }

    return replay_compare(&c->replay, host->data, host->len, value->data,
                          value->len)
           ? STATUS_DONE : control_no_memory(c->ctl);
}


/* A look at some records leaves out others that the entries wrote. */

static int
doctor_records_rest(records_check_t *c)
{
    replay_each(&c->replay, doctor_records_unseen, c);

    return c->failed ? c->ctl->error.status : doctor_records_ask(c);
}


static void
doctor_records_unseen(replay_host_t *h, void *data)
{
    records_check_t  *c;

    c = data;

    if (h->seen || c->failed) {
        return;
    }

    c->host[c->n_hosts++] = h;

    if (c->n_hosts == RECORDS_ASKED) {
        c->failed = doctor_records_ask(c) != STATUS_DONE;
    }
}


static int
doctor_records_ask(records_check_t *c)
{
    int            status;
    size_t         i, len[RECORDS_ASKED + 2];
    redisReply    *reply;
    const char    *arg[RECORDS_ASKED + 2];
    paylock_str_t  host, value;

    if (c->n_hosts == 0) {
        return STATUS_DONE;
    }

    arg[0] = "HMGET";
    arg[1] = c->ctl->settings.locks;
    len[0] = strlen(arg[0]);
    len[1] = strlen(arg[1]);

    for (i = 0; i < c->n_hosts; i++) {
        arg[i + 2] = c->host[i]->name;
        len[i + 2] = c->host[i]->len;
    }

    reply = redis_queue_argv(c->ctl->redis, i + 2, arg, len) == 0
            && redis_send(c->ctl->redis) == 0
            ? redis_expect(c->ctl->redis, REDIS_REPLY_ARRAY) : NULL;

    if (reply == NULL) {
        return c->ctl->error.status;
    }

    status = STATUS_DONE;

    for (i = 0; i < reply->elements && i < c->n_hosts
                && status == STATUS_DONE; i++)
    {
        if (reply->element[i]->type == REDIS_REPLY_STRING) {
            host.data = c->host[i]->name;
            host.len = c->host[i]->len;
            value.data = reply->element[i]->str;
            value.len = reply->element[i]->len;

            status = doctor_records_one(c, &host, &value);
        }
    }

    freeReplyObject(reply);
    c->n_hosts = 0;

    return status;
}


/* Is it protected, but closed or to be closed? */

static int
doctor_records_closed(const paylock_str_t *value, const paylock_record_t *rec)
{
    int          protected;
    json_t      *record;
    uint32_t     now;
    const char  *why;

    if (memmem(value->data, value->len, PAYLOCK_PROTECTED,
               sizeof(PAYLOCK_PROTECTED) - 1) == NULL)
    {
        return 0;
    }

    record = paylock_record_load(value->data, value->len, &why);
    protected = paylock_record_protected(record);
    json_decref(record);

    now = (uint32_t) time(NULL);

    return protected && (change_case(rec, now)
                         || paylock_timeline_stage(rec, now, PAYLOCK_LOCKED)
                            != PAYLOCK_OPEN);
}


static void
doctor_records_differ(replay_host_t *h, void *data)
{
    records_check_t  *c;

    c = data;

    /* changed meanwhile? */

    if (h->seq <= c->last && (h->seen ? h->differs : h->there)
        && c->differ++ == 0)
    {
        (void) snprintf(c->one_differs, RECORDS_NAME, "%.*s", (int) h->len,
                        h->name);
    }
}


static void
doctor_records_say(doctor_t *d, const records_check_t *c, uint64_t n)
{
    if (c->broken) {
        doctor_say(d, DOCTOR_PROBLEM, "records",
                   "lock, unlock or reset that host; a field that is no host "
                   "name is removed with HDEL",
                   "nginx ignores %" PRIu64 " of %" PRIu64 " records: "
                   "\"%s\" %s", c->broken, c->read, c->one_broken, c->why);
    }

    if (c->differ) {
        doctor_say(d, DOCTOR_PROBLEM, "records",
                   d->ctl->trust.signers
                   ? "\"paylock-admin audit verify\" names more; "
                     "\"paylock-admin adopt\" puts them back as the trail "
                     "says, and with --drop removes those that no entry wrote"
                   : "lock, unlock or reset what was changed by hand, so that "
                     "the trail tells of it; \"paylock-admin audit verify\" "
                     "names more", c->differ == 1
                   ? "%" PRIu64 " record is not what the audit trail says: "
                     "\"%s\""
                   : "%" PRIu64 " records are not what the audit trail says, "
                     "\"%s\" among them", c->differ, c->one_differs);
    }

    if (c->closed) {
        doctor_say(d, DOCTOR_PROBLEM, "records",
                   "unlock those that must stay open; unprotect the others",
                   c->closed == 1
                   ? "%" PRIu64 " record is protected and does not keep its "
                     "host open: \"%s\""
                   : "%" PRIu64 " records are protected and do not keep their "
                     "hosts open, \"%s\" among them", c->closed,
                   c->one_closed);
    }

    if (c->broken == 0 && c->differ == 0 && c->closed == 0) {
        doctor_say(d, DOCTOR_OK, "records", NULL, c->read < n
                   ? "%" PRIu64 " of %" PRIu64 " records, as far as the last "
                     "entries tell of them; \"paylock-admin audit verify\" "
                     "compares all"
                   : c->unknown
                   ? "%" PRIu64 " records, as far as the last entries tell "
                     "of them; \"paylock-admin audit verify\" compares all"
                   : "%" PRIu64 " records are what the audit trail says",
                   c->read < n ? c->read : n, n);
    }
}
