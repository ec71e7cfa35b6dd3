
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A command that is repeated with the same request id changes nothing and gives
 * the same answer again; one that was done in part does the rest.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/time_text.h"
#include "change/change_batch.h"
#include "trail/archived.h"
#include "trail/entry.h"
#include "trail/trail.h"


typedef struct {
    change_batch_t  *batch;
    json_t          *index;            /* host: its index */
    uint64_t         found;            /* entries */
} idempotency_walk_t;


static int idempotency_load(change_batch_t *b, request_t *r);
static int idempotency_other(change_batch_t *b, const request_t *r);
static int idempotency_results(change_batch_t *b);
static void idempotency_archived(change_batch_t *b);
static int idempotency_each(void *data, const char *id,
    const paylock_entry_t *e, const char *why);
static int idempotency_given_up(void *data, const char *id,
    const paylock_entry_t *e, const char *why);
static void idempotency_entry(idempotency_walk_t *w, const paylock_entry_t *e);
static int idempotency_is(const paylock_str_t *s, const char *text);


const char *
idempotency_check(const char *id)
{
    return *id ? text_check(id, strlen(id), REQUEST_ID) : "is empty";
}


int
idempotency_key(change_batch_t *b)
{
    const char  *why;

    b->own_request = b->request == NULL;

    if (b->own_request) {
        b->request = b->made;
        return entry_random(b->ctl, b->made, sizeof(b->made) / 2);
    }

    why = idempotency_check(b->request);

    if (why) {
        return error_set(&b->ctl->error, STATUS_USAGE, "request",
                         "give one line of UTF-8 text of 1 to 200 bytes",
                         "the request id %s", why);
    }

    return request_describe(&b->idempotency.used, b->kind->action,
                            b->arguments, b->host, b->n)
           == 0 ? STATUS_DONE : control_no_memory(b->ctl);
}


/*
 * Called before each transaction: once one is done, the value in Redis is the
 * one that it wrote, unless another run with this id goes on at the same time.
 */

int
idempotency_find(change_batch_t *b)
{
    int             status;
    request_t       r;
    idempotency_t  *t;

    t = &b->idempotency;

    if (t->found == NULL || (t->seen && strcmp(t->found, t->seen) == 0)) {
        return STATUS_DONE;
    }

    status = idempotency_load(b, &r);

    if (status == STATUS_DONE && !request_expired(&r, (uint32_t) time(NULL))) {

        if (strcmp(r.digest, t->used.digest) != 0) {
            return idempotency_other(b, &r);
        }

        t->used = r;
        status = idempotency_results(b);
    }

    if (status == STATUS_DONE) {
        free(t->seen);
        t->seen = t->found;
        t->found = NULL;
    }

    return status;
}


static int
idempotency_load(change_batch_t *b, request_t *r)
{
    uint32_t     now;
    const char  *why;

    now = (uint32_t) time(NULL);
    why = request_load(r, b->idempotency.found);

    if (why == NULL && r->at > now && r->at - now > REQUEST_KEPT) {
        why = "is of a time to come";
    }

    return why ? error_set(&b->ctl->error, STATUS_FAILED, "request",
                           "look at \"paylock-admin audit log\"; to use the "
                           "id nevertheless, remove this field with HDEL",
                           "what \"%s\" in Redis at %s says of the request id "
                           "\"%s\" %s; nothing is changed",
                           b->ctl->settings.requests, b->ctl->settings.where,
                           b->request, why)
               : STATUS_DONE;
}


static int
idempotency_other(change_batch_t *b, const request_t *r)
{
    char  at[TIME_TEXT], more[48], entry[48];

    time_utc(r->at, at);
    more[0] = '\0';
    entry[0] = '\0';

    if (r->hosts > 1) {
        (void) snprintf(more, sizeof(more), " and %" PRIu64 " more",
                        r->hosts - 1);
    }

    if (r->seq) {
        (void) snprintf(entry, sizeof(entry), " (entry %" PRIu64 ")", r->seq);
    }

    return error_set(&b->ctl->error, STATUS_USAGE, "request",
                     "give every change an id of its own, and with the same "
                     "id the same hosts and options",
                     "the request id \"%s\" belongs to another change, made "
                     "at %s: %s %s%s%s%s", b->request, at, r->action, r->host,
                     more, entry, strcmp(r->action, b->kind->action) == 0
                                  ? ", with other hosts or options" : "");
}


/* Sets the results by the entries that the request has in the stream. */

static int
idempotency_results(change_batch_t *b)
{
    int                  status, archived;
    archived_t           found;
    size_t               i;
    const request_t     *r;
    idempotency_walk_t   w;

    r = &b->idempotency.used;
    w.batch = b;
    w.found = 0;
    w.index = json_object();
    status = STATUS_DONE;

    for (i = 0; i < b->n; i++) {
        (void) json_object_set_new(w.index, b->host[i],
                                   json_integer((json_int_t) i));
        b->result[i].found |= r->done != 0;
    }

    if (r->changed) {
        status = trail_from(b->ctl, r->seq, idempotency_each, &w);
    }

    if (status == STATUS_DONE && w.found) {
        status = trail_from(b->ctl, r->last + 1, idempotency_given_up, &w);
    }

    json_decref(w.index);
    b->repeated = r->done;

    if (status == STATUS_DONE && w.found == 0 && r->changed && r->done) {
        status = archived_holds(b->ctl, r->last, &archived, &found);

        if (status == STATUS_DONE && archived) {
            idempotency_archived(b);
            return STATUS_DONE;
        }
    }

    return status != STATUS_DONE || w.found == r->changed ? status
           : error_set(&b->ctl->error, STATUS_FAILED, "request",
                       "look at \"paylock-admin audit log\"; if it is to be "
                       "done, use another id",
                       "the request id \"%s\" made %" PRIu64 " entries from %"
                       PRIu64 " to %" PRIu64 ", which are not in the audit "
                       "trail any more; nothing is changed", b->request,
                       r->changed, r->seq, r->last);
}


/*
 * What it did is done.  Of one host alone it is known by which entry; if it has
 * changed some of several, not even which ones.
 */

static void
idempotency_archived(change_batch_t *b)
{
    size_t  i;

    for (i = 0; i < b->n && b->idempotency.used.changed == b->n; i++) {
        b->result[i].changed = 1;
    }

    if (b->n == 1) {
        b->result[0].seq = b->idempotency.used.last;
    }
}


static int
idempotency_each(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    change_batch_t      *b;
    idempotency_walk_t  *w;

    (void) id;

    w = data;
    b = w->batch;

    if (why) {
        return 1;
    }

    if (e->seq > b->idempotency.used.last) {
        return 0;
    }

    if (idempotency_is(&e->field[PAYLOCK_AUDIT_REQUEST], b->request)
        && idempotency_is(&e->field[PAYLOCK_AUDIT_ACTION], b->kind->action))
    {
        idempotency_entry(w, e);
    }

    return w->found < b->idempotency.used.changed;
}


/* What an adopt gives up has no effect any more, as if it were not there. */

static int
idempotency_given_up(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    const char          *chain;
    paylock_adopt_t      adopt;
    idempotency_walk_t  *w;

    (void) id;

    w = data;

    if (why == NULL && paylock_verify_is(e, "adopt")
        && paylock_adopt_read(e, &adopt) == NULL)
    {
        chain = e->field[PAYLOCK_AUDIT_CHAIN].data;

        if (paylock_adopt_gives_up(&adopt, chain,
                                   w->batch->idempotency.used.last))
        {
            w->found = 0;
        }
    }

    return w->found != 0;
}


static void
idempotency_entry(idempotency_walk_t *w, const paylock_entry_t *e)
{
    char                  host[REQUEST_HOST];
    const char           *why;
    const json_t         *index;
    change_result_t      *d;
    const paylock_str_t  *s;

    s = &e->field[PAYLOCK_AUDIT_HOST];

    (void) snprintf(host, sizeof(host), "%.*s", (int) s->len,
                    s->len ? s->data : "");
    index = json_object_get(w->index, host);

    if (index == NULL) {
        return;
    }

    w->found++;

    d = &w->batch->result[json_integer_value(index)];
    s = &e->field[PAYLOCK_AUDIT_AFTER];

    d->seq = e->seq;
    d->changed = 1;
    d->found = 1;

    if (!w->batch->kind->many) {
        json_decref(d->after);
        d->after = s->len ? paylock_record_load(s->data, s->len, &why) : NULL;
    }
}


static int
idempotency_is(const paylock_str_t *s, const char *text)
{
    return s->len == strlen(text) && memcmp(s->data, text, s->len) == 0;
}
