
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A command that is given a second time with its request id changes nothing
 * and answers as it did.
 */


#include <inttypes.h>
#include <string.h>

#include "change/change_batch.h"
#include "text.h"
#include "trail/entry.h"
#include "trail/trail.h"


#define REPEAT_ID    200               /* bytes */
#define REPEAT_SEEN  10000             /* entries, and those of a bulk */


typedef struct {
    flips_t  *flips;
    json_t   *index;                   /* host: which flip */
    int       status;
} repeat_t;


static int repeat_each(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int repeat_entry(repeat_t *r, const paylock_entry_t *e);
static int repeat_is(const paylock_str_t *s, const char *text);


int
repeat_check(admin_t *a)
{
    const char  *id, *why;

    id = a->opt[OPT_REQUEST_ID];

    if (id == NULL) {
        return STATUS_DONE;
    }

    why = *id ? text_check(id, strlen(id), REPEAT_ID) : "is empty";

    return why ? problem_set(&a->problem, STATUS_USAGE, "request",
                             "give one line of UTF-8 text of 1 to 200 bytes",
                             "the value of --request-id %s", why)
               : STATUS_DONE;
}


int
repeat_request(flips_t *fs)
{
    fs->request = fs->admin->opt[OPT_REQUEST_ID];

    if (fs->request) {
        return STATUS_DONE;
    }

    fs->request = fs->made;

    return entry_random(fs->admin, fs->made, sizeof(fs->made) / 2);
}


/*
 * Is called again after a lost race, to see what is new; once a transaction
 * is done, entries with this id are those of this very command.
 */

int
repeat_find(flips_t *fs)
{
    int       status;
    size_t    i;
    repeat_t  r;

    if (fs->admin->opt[OPT_REQUEST_ID] == NULL || fs->done) {
        return STATUS_DONE;
    }

    r.flips = fs;
    r.status = STATUS_DONE;
    r.index = json_object();

    for (i = 0; i < fs->n; i++) {
        (void) json_object_set_new(r.index, fs->host[i],
                                   json_integer((json_int_t) i));
    }

    status = trail_last(fs->admin,
                        REPEAT_SEEN + (fs->kind->bulk ? fs->n : 0),
                        repeat_each, &r);

    json_decref(r.index);
    fs->searched = fs->head.seq;

    return status == STATUS_DONE ? r.status : status;
}


static int
repeat_each(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    repeat_t  *r;

    (void) id;

    r = data;

    if (why) {
        return 1;
    }

    if (e->seq <= r->flips->searched) {
        return 0;
    }

    if (repeat_is(&e->field[PAYLOCK_AUDIT_REQUEST], r->flips->request)) {
        r->status = repeat_entry(r, e);
    }

    return r->status == STATUS_DONE;
}


static int
repeat_entry(repeat_t *r, const paylock_entry_t *e)
{
    char                  host[256];
    flips_t              *fs;
    flip_done_t          *d;
    const char           *why;
    const json_t         *index;
    const paylock_str_t  *s;

    fs = r->flips;
    s = &e->field[PAYLOCK_AUDIT_HOST];

    (void) snprintf(host, sizeof(host), "%.*s", (int) s->len,
                    s->len ? s->data : "");
    index = json_object_get(r->index, host);

    if (index == NULL
        || !repeat_is(&e->field[PAYLOCK_AUDIT_ACTION], fs->kind->action))
    {
        return problem_set(&fs->admin->problem, STATUS_USAGE, "request",
                           "give every change an id of its own",
                           "the request id \"%s\" belongs to another change: "
                           "entry %" PRIu64 ", %.*s %s", fs->request, e->seq,
                           (int) e->field[PAYLOCK_AUDIT_ACTION].len,
                           e->field[PAYLOCK_AUDIT_ACTION].len
                           ? e->field[PAYLOCK_AUDIT_ACTION].data : "", host);
    }

    d = &fs->became[json_integer_value(index)];
    s = &e->field[PAYLOCK_AUDIT_AFTER];

    d->seq = e->seq;
    d->changed = 1;
    d->found = 1;

    /* a bulk goes on with what is not done */

    if (fs->kind->bulk) {
        return STATUS_DONE;
    }

    fs->repeated = 1;
    json_decref(d->after);
    d->after = s->len ? paylock_record_load(s->data, s->len, &why) : NULL;

    return STATUS_DONE;
}


static int
repeat_is(const paylock_str_t *s, const char *text)
{
    return s->len == strlen(text) && memcmp(s->data, text, s->len) == 0;
}
