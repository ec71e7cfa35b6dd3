
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A command that is repeated with the same request id changes nothing and gives
 * the same answer again.
 */


#include <inttypes.h>
#include <string.h>

#include "change/change_batch.h"
#include "base/text.h"
#include "trail/entry.h"
#include "trail/trail.h"


#define IDEMPOTENCY_ID    200          /* bytes */
#define IDEMPOTENCY_SEEN  10000        /* newest entries that are searched */


typedef struct {
    change_batch_t  *batch;
    json_t          *index;            /* host: its index */
    int              status;
} idempotency_t;


static int idempotency_each(void *data, const char *id,
    const paylock_entry_t *e, const char *why);
static int idempotency_entry(idempotency_t *r, const paylock_entry_t *e);
static int idempotency_is(const paylock_str_t *s, const char *text);


const char *
idempotency_check(const char *id)
{
    return *id ? text_check(id, strlen(id), IDEMPOTENCY_ID) : "is empty";
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

    return why ? error_set(&b->ctl->error, STATUS_USAGE, "request",
                           "give one line of UTF-8 text of 1 to 200 bytes",
                           "the request id %s", why)
               : STATUS_DONE;
}


/*
 * Called again after a lost race, to search the new entries.  Once a
 * transaction is done, entries with this id are from this run.
 */

int
idempotency_find(change_batch_t *b)
{
    int            status;
    size_t         i;
    idempotency_t  r;

    if (b->own_request || b->done) {
        return STATUS_DONE;
    }

    r.batch = b;
    r.status = STATUS_DONE;
    r.index = json_object();

    for (i = 0; i < b->n; i++) {
        (void) json_object_set_new(r.index, b->host[i],
                                   json_integer((json_int_t) i));
    }

    status = trail_last(b->ctl,
                        IDEMPOTENCY_SEEN + (b->kind->resumes ? b->n : 0),
                        idempotency_each, &r);

    json_decref(r.index);
    b->searched = b->head.seq;

    return status == STATUS_DONE ? r.status : status;
}


static int
idempotency_each(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    idempotency_t  *r;

    (void) id;

    r = data;

    if (why) {
        return 1;
    }

    if (e->seq <= r->batch->searched) {
        return 0;
    }

    if (idempotency_is(&e->field[PAYLOCK_AUDIT_REQUEST], r->batch->request)) {
        r->status = idempotency_entry(r, e);
    }

    return r->status == STATUS_DONE;
}


static int
idempotency_entry(idempotency_t *r, const paylock_entry_t *e)
{
    char                  host[256];
    change_batch_t       *b;
    change_result_t      *d;
    const char           *why;
    const json_t         *index;
    const paylock_str_t  *s;

    b = r->batch;
    s = &e->field[PAYLOCK_AUDIT_HOST];

    (void) snprintf(host, sizeof(host), "%.*s", (int) s->len,
                    s->len ? s->data : "");
    index = json_object_get(r->index, host);

    if (index == NULL
        || !idempotency_is(&e->field[PAYLOCK_AUDIT_ACTION], b->kind->action))
    {
        return error_set(&b->ctl->error, STATUS_USAGE, "request",
                         "give every change an id of its own",
                         "the request id \"%s\" belongs to another change: "
                         "entry %" PRIu64 ", %.*s %s", b->request, e->seq,
                         (int) e->field[PAYLOCK_AUDIT_ACTION].len,
                         e->field[PAYLOCK_AUDIT_ACTION].len
                         ? e->field[PAYLOCK_AUDIT_ACTION].data : "", host);
    }

    d = &b->result[json_integer_value(index)];
    s = &e->field[PAYLOCK_AUDIT_AFTER];

    d->seq = e->seq;
    d->changed = 1;
    d->found = 1;

    /* a kind that resumes does the remaining hosts */

    if (b->kind->resumes) {
        return STATUS_DONE;
    }

    b->repeated = 1;
    json_decref(d->after);
    d->after = s->len ? paylock_record_load(s->data, s->len, &why) : NULL;

    return STATUS_DONE;
}


static int
idempotency_is(const paylock_str_t *s, const char *text)
{
    return s->len == strlen(text) && memcmp(s->data, text, s->len) == 0;
}
