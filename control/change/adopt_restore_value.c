
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the last entry of a host wrote: from the stream, or from an archive.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "change/adopt_restore.h"
#include "trail/head.h"
#include "trail/root.h"
#include "trail/verify.h"


static int restore_value(restore_t *r, trail_record_t *record,
    const paylock_str_t *after);
static int restore_later(restore_t *r, const replay_host_t *h);
static int restore_late_entry(void *data, const paylock_entry_t *e);
static int restore_late_order(const void *one, const void *two);


/* Reads what the host's last entry wrote. */

void
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


int
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
