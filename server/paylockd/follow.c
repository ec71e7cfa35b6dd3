
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "context/settings_read.h"
#include "paylock_host.h"
#include "paylockd/follow.h"
#include "records/effective_state.h"
#include "records/records.h"
#include "trail/head.h"
#include "trail/trail.h"


#define FOLLOW_PAUSE  500              /* ms before another try */
#define FOLLOW_AGAIN  3600             /* s; records by hand have no entry */
#define FOLLOW_STATES 60               /* s; times come */


static void *follow_run(void *data);
static int follow_connected(follow_t *f, trail_id_t *from);
static int follow_same(follow_t *f, int *same);
static int follow_scan(follow_t *f, trail_id_t *from);
static int follow_record(void *data, const paylock_str_t *host,
    const paylock_str_t *value);
static int follow_entries(follow_t *f, trail_id_t *from);
static int follow_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static void follow_put(follow_t *f, const paylock_str_t *host,
    const paylock_str_t *record);
static void follow_tell(follow_t *f, const paylock_entry_t *e);
static json_t *follow_site(const paylock_entry_t *e);
static void follow_states(follow_t *f);
static void follow_live(follow_t *f, int live);
static void follow_stale(follow_t *f);


int
follow_start(follow_t *f)
{
    pthread_t  thread;

    memset(&f->state, 0, sizeof(follow_state_t));

    return pthread_mutex_init(&f->lock, NULL) == 0
           && pthread_create(&thread, NULL, follow_run, f) == 0
           && pthread_detach(thread) == 0 ? 0 : -1;
}


void
follow_state(follow_t *f, follow_state_t *state)
{
    (void) pthread_mutex_lock(&f->lock);
    *state = f->state;
    (void) pthread_mutex_unlock(&f->lock);
}


static void *
follow_run(void *data)
{
    follow_t         *f;
    trail_id_t        from;
    settings_from_t   source;

    static const struct timespec  pause = { 0, FOLLOW_PAUSE * 1000000 };

    f = data;
    memset(&from, 0, sizeof(trail_id_t));

    for ( ;; ) {
        memset(&f->ctl, 0, sizeof(control_t));
        memset(&source, 0, sizeof(settings_from_t));
        f->ctl.program = "paylockd";

        if (settings_of_server(&f->ctl, &source, f->config) == STATUS_DONE
            && control_connect(&f->ctl) == STATUS_DONE)
        {
            (void) follow_connected(f, &from);
        }

        follow_stale(f);
        settings_from_free(&source);
        control_free(&f->ctl);
        (void) nanosleep(&pause, NULL);
    }

    return NULL;
}


/* Goes on behind the entry applied last, or begins if that is not there. */

static int
follow_connected(follow_t *f, trail_id_t *from)
{
    int        came, same;
    time_t     again;
    control_t *ctl;

    ctl = &f->ctl;
    again = 0;

    if (f->state.live) {

        if (follow_same(f, &same) != STATUS_DONE) {
            return ctl->error.status;
        }

        again = same ? time(NULL) + FOLLOW_AGAIN : 0;
    }

    for ( ;; ) {

        if (time(NULL) >= again) {

            if (follow_scan(f, from) != STATUS_DONE) {
                return ctl->error.status;
            }

            again = time(NULL) + FOLLOW_AGAIN;
        }

        if (follow_entries(f, from) != STATUS_DONE) {
            return ctl->error.status;
        }

        if (f->failed) {
            f->failed = 0;
            again = 0;
            continue;
        }

        follow_live(f, 1);
        follow_states(f);

        if (trail_wait(ctl, from, &came) != STATUS_DONE
            || (!came && follow_same(f, &same) != STATUS_DONE))
        {
            return ctl->error.status;
        }

        if (!came && !same) {
            again = 0;
        }
    }
}


/* Is the entry applied last still there?  A Redis may lose its data. */

static int
follow_same(follow_t *f, int *same)
{
    char  hash[PAYLOCK_HASH_LEN + 1];

    hash[0] = '\0';

    if (f->state.head.seq
        && head_hash(&f->ctl, f->state.head.seq, hash) != STATUS_DONE)
    {
        return f->ctl.error.status;
    }

    *same = f->state.head.seq == 0 || strcmp(hash, f->state.head.hash) == 0;

    return STATUS_DONE;
}


/* The head is read first: entries after it are applied once more. */

static int
follow_scan(follow_t *f, trail_id_t *from)
{
    int         status;
    head_t      head;
    uint64_t    n;

    if (head_newest(&f->ctl, &head) != STATUS_DONE) {
        return f->ctl.error.status;
    }

    if (head.seq == 0 && f->state.head.seq) {
        return error_set(&f->ctl.error, STATUS_FAILED, "chain_unknown",
                         "\"paylock-admin doctor\" says more; nginx may go on "
                         "as it was", "the audit trail is gone from Redis at "
                         "%s", f->ctl.settings.where);
    }

    (void) pthread_rwlock_wrlock(&f->store->lock);
    store_scan_begin(f->store, !f->state.live);
    (void) pthread_rwlock_unlock(&f->store->lock);

    status = records_scan(&f->ctl, &n, follow_record, f);

    if (status == STATUS_DONE) {
        (void) pthread_rwlock_wrlock(&f->store->lock);
        store_scan_end(f->store);
        (void) pthread_rwlock_unlock(&f->store->lock);

        (void) pthread_mutex_lock(&f->lock);
        f->state.head = head;
        (void) pthread_mutex_unlock(&f->lock);

        from->ms = head.seq + 1;
        from->n = 0;
        events_reset(f->events);
    }

    return status;
}


static int
follow_record(void *data, const paylock_str_t *host,
    const paylock_str_t *value)
{
    follow_put(data, host, value);

    return STATUS_DONE;
}


static void
follow_put(follow_t *f, const paylock_str_t *host, const paylock_str_t *record)
{
    (void) pthread_rwlock_wrlock(&f->store->lock);

    if (store_put(f->store, host->data, host->len, record->data, record->len)
        != 0)
    {
        f->failed = 1;
    }

    (void) pthread_rwlock_unlock(&f->store->lock);
}


static int
follow_entries(follow_t *f, trail_id_t *from)
{
    return trail_on(&f->ctl, from, follow_entry, f);
}


/* An adopt may change any record; what is no entry is for audit verify. */

static int
follow_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    follow_t *f;

    (void) id;
    f = data;

    if (why) {
        return 1;
    }

    if (paylock_str_is(e->field[PAYLOCK_AUDIT_ACTION], "adopt")) {
        f->failed = 1;
    }

    if (paylock_entry_writes(e)) {
        follow_put(f, &e->field[PAYLOCK_AUDIT_HOST],
                   &e->field[PAYLOCK_AUDIT_AFTER]);
    }

    (void) pthread_mutex_lock(&f->lock);
    head_of(e, &f->state.head);
    (void) pthread_mutex_unlock(&f->lock);

    follow_tell(f, e);

    return 1;
}


static void
follow_tell(follow_t *f, const paylock_entry_t *e)
{
    char    *text;
    size_t   i;
    json_t  *o;

    static const paylock_audit_field_e  told[] = {
        PAYLOCK_AUDIT_ACTION, PAYLOCK_AUDIT_HOST, PAYLOCK_AUDIT_ACTOR,
        PAYLOCK_AUDIT_REASON
    };

    o = json_pack("{s:I}", "seq", (json_int_t) e->seq);

    for (i = 0; o && i < sizeof(told) / sizeof(told[0]); i++) {
        (void) json_object_set_new(o, paylock_entry_fields[told[i]].name,
                                   text_json(e->field[told[i]].data,
                                             e->field[told[i]].len));
    }

    if (o && paylock_entry_writes(e)) {
        (void) json_object_set_new(o, "site", follow_site(e));
    }

    text = json_dumps(o, JSON_COMPACT);
    json_decref(o);

    if (text) {
        events_add(f->events, e->seq, text);
    }
}


static json_t *
follow_site(const paylock_entry_t *e)
{
    char                  host[PAYLOCK_HOST_MAX + 1];
    json_t               *site, *record;
    const char           *why;
    state_host_t          h;
    const paylock_str_t  *name, *after;

    name = &e->field[PAYLOCK_AUDIT_HOST];
    after = &e->field[PAYLOCK_AUDIT_AFTER];

    if (name->len >= sizeof(host)) {
        return json_null();
    }

    memcpy(host, name->data, name->len);
    host[name->len] = '\0';
    record = paylock_record_load(after->data, after->len, &why);

    h.host = host;
    h.match = host;
    h.record = record;
    h.other = NULL;

    site = effective_state_json(&h, (uint32_t) time(NULL));
    json_decref(record);

    return site;
}


static void
follow_states(follow_t *f)
{
    time_t  now;

    now = time(NULL);

    if (now < f->states) {
        return;
    }

    (void) pthread_rwlock_wrlock(&f->store->lock);
    store_refresh(f->store, (uint32_t) now);
    (void) pthread_rwlock_unlock(&f->store->lock);

    f->states = now + FOLLOW_STATES;
}


static void
follow_live(follow_t *f, int live)
{
    (void) pthread_mutex_lock(&f->lock);

    f->state.live = live;
    f->state.stale_since = 0;
    f->state.why[0] = '\0';

    (void) pthread_mutex_unlock(&f->lock);
}


static void
follow_stale(follow_t *f)
{
    (void) pthread_mutex_lock(&f->lock);

    if (f->state.stale_since == 0) {
        f->state.stale_since = (uint32_t) time(NULL);
    }

    f->state.code = f->ctl.error.code ? f->ctl.error.code : "starting";
    (void) snprintf(f->state.why, sizeof(f->state.why), "%.500s",
                    f->ctl.error.message);
    (void) snprintf(f->state.mend, sizeof(f->state.mend), "%.500s",
                    f->ctl.error.mend);

    (void) pthread_mutex_unlock(&f->lock);
}
