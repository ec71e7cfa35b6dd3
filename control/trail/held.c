
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>
#include <time.h>

#include "paylock_host.h"
#include "paylock_record.h"
#include "paylock_timeline.h"
#include "records/effective_state.h"
#include "records/records.h"
#include "trail/head.h"
#include "trail/held.h"
#include "trail/trail.h"


#define HELD_HOST  (PAYLOCK_HOST_MAX + 1)


typedef struct {
    json_t    *held;                   /* null: older entries do not count */
    uint32_t   now;
} held_look_t;


static int held_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int held_changed(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int held_record(void *data, const paylock_str_t *host,
    const paylock_str_t *value);
static int held_host(const paylock_entry_t *e, char host[HELD_HOST]);
static int held_closes(const json_t *record, uint32_t now);


/*
 * Reads the last record of each host from the trail, newest entry first; then
 * the records; then the entries that were added meanwhile.
 */

int
held_read(control_t *ctl, json_t *held)
{
    void         *next;
    head_t        head;
    json_t       *value;
    uint64_t      n;
    const char   *host;
    held_look_t   look;

    look.held = held;
    look.now = (uint32_t) time(NULL);

    if (head_newest(ctl, &head) != STATUS_DONE
        || trail_backwards(ctl, held_entry, &look) != STATUS_DONE
        || records_scan(ctl, &n, held_record, &look) != STATUS_DONE
        || trail_from(ctl, head.seq + 1, held_changed, &look) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    json_object_foreach_safe(held, next, host, value) {
        if (json_is_null(value)) {
            (void) json_object_del(held, host);
        }
    }

    return STATUS_DONE;
}


static int
held_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    char                  host[HELD_HOST];
    json_t               *record;
    held_look_t          *look;
    const paylock_str_t  *after;

    (void) id;

    look = data;

    if (why || !held_host(e, host) || json_object_get(look->held, host)) {
        return why || !paylock_verify_is(e, "adopt");
    }

    after = &e->field[PAYLOCK_AUDIT_AFTER];
    record = after->len ? paylock_record_load(after->data, after->len, &why)
                        : NULL;

    (void) json_object_set_new(look->held, host,
                               held_closes(record, look->now)
                               ? json_incref(record) : json_null());
    json_decref(record);

    return 1;
}


static int
held_changed(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    char  host[HELD_HOST];

    (void) id;

    if (why == NULL && held_host(e, host)) {
        (void) json_object_set_new(((held_look_t *) data)->held, host,
                                   json_null());
    }

    return 1;
}


static int
held_record(void *data, const paylock_str_t *host, const paylock_str_t *value)
{
    json_t        *record, *closed;
    const char    *why;
    held_look_t   *look;

    look = data;
    closed = json_object_get(look->held, host->data);

    if (!json_is_object(closed)) {
        return STATUS_DONE;
    }

    /* if a value is not a record, nginx keeps the record before */

    record = paylock_record_load(value->data, value->len, &why);

    if (record && !effective_state_stricter(closed, record, look->now)) {
        (void) json_object_set_new(look->held, host->data, json_null());
    }

    json_decref(record);

    return STATUS_DONE;
}


/* Sets host if the entry changes a record; returns 1 if it does. */

static int
held_host(const paylock_entry_t *e, char host[HELD_HOST])
{
    const paylock_str_t  *name;

    name = &e->field[PAYLOCK_AUDIT_HOST];

    if (!paylock_entry_changes(e)
        || paylock_host_check(name->data, name->len) != NULL)
    {
        return 0;
    }

    memcpy(host, name->data, name->len);
    host[name->len] = '\0';

    return 1;
}


static int
held_closes(const json_t *record, uint32_t now)
{
    paylock_record_t  rec;

    return record && paylock_record_from_json(record, &rec) == NULL
           && paylock_timeline_stage(&rec, now, PAYLOCK_OPEN)
              >= PAYLOCK_READONLY;
}
