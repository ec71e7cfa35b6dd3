
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "trail/audit_syslog.h"
#include "trail/entry.h"
#include "trail/head.h"
#include "trail/known_head.h"
#include "trail/root.h"
#include "trail/trail_append.h"


#define APPEND_NUMBER  24              /* an id, and a zero */


static int append_records(control_t *ctl, const trail_append_t *d);
static int append_archive(control_t *ctl, const trail_append_t *d,
    uint64_t seq, size_t *queued);
static int append_lost(control_t *ctl, const head_t *head, const char *mend,
    int *done);
static void append_syslog(control_t *ctl, const trail_append_t *d,
    const head_t *head);


int
trail_append_begin(control_t *ctl, trail_append_t *d, const char *action)
{
    int          status;
    const char  *actor;

    if ((status = actor_name(ctl, &actor)) != STATUS_DONE
        || (status = entry_random(ctl, d->request, 16)) != STATUS_DONE)
    {
        return status;
    }

    actor_machine(d->machine);
    memset(&d->e, 0, sizeof(paylock_entry_t));
    d->record = NULL;
    d->n_records = 0;
    d->archives = 0;
    d->trim = 0;

    entry_set(&d->e, PAYLOCK_AUDIT_ACTOR, actor);
    entry_set(&d->e, PAYLOCK_AUDIT_MACHINE, d->machine);
    entry_set(&d->e, PAYLOCK_AUDIT_ACTION, action);
    entry_set(&d->e, PAYLOCK_AUDIT_REQUEST, d->request);

    return STATUS_DONE;
}


transaction_e
trail_append(control_t *ctl, const trail_append_t *d, head_t *head)
{
    size_t         changes;
    transaction_e  outcome;

    changes = d->n_records;

    if (known_head_check(ctl) != STATUS_DONE
        || transaction_begin(ctl) != STATUS_DONE
        || redis_expect_ok(ctl->redis) != 0
        || entry_queue(ctl, &d->e, head, 1) != STATUS_DONE
        || root_write(ctl, head->seq, &changes) != STATUS_DONE
        || append_records(ctl, d) != STATUS_DONE
        || append_archive(ctl, d, head->seq, &changes) != STATUS_DONE)
    {
        return TRANSACTION_FAILED;
    }

    outcome = transaction_exec(ctl, 1, changes);

    if (outcome == TRANSACTION_DONE) {
        append_syslog(ctl, d, head);
    }

    return outcome;
}


static int
append_records(control_t *ctl, const trail_append_t *d)
{
    size_t                  i, len[4];
    const char             *arg[4];
    const trail_record_t   *r;

    for (i = 0; i < d->n_records; i++) {
        r = &d->record[i];

        arg[0] = r->value ? "HSET" : "HDEL";
        arg[1] = ctl->settings.locks;
        arg[2] = r->host;
        arg[3] = r->value;

        len[0] = 4;
        len[1] = strlen(arg[1]);
        len[2] = r->len;
        len[3] = r->value_len;

        if (redis_queue_argv(ctl->redis, r->value ? 4 : 3, arg, len) != 0) {
            return ctl->error.status;
        }
    }

    return STATUS_DONE;
}


/* The entry seq tells of it, and is found by the field "archive". */

static int
append_archive(control_t *ctl, const trail_append_t *d, uint64_t seq,
    size_t *queued)
{
    char  from[APPEND_NUMBER], entry[APPEND_NUMBER];

    if (!d->archives) {
        return STATUS_DONE;
    }

    (void) snprintf(from, sizeof(from), "%" PRIu64 "-0", d->trim + 1);
    (void) snprintf(entry, sizeof(entry), "%" PRIu64, seq);
    *queued += d->trim ? 2 : 1;

    return (d->trim == 0
            || redis_queue(ctl->redis, "XTRIM", ctl->settings.audit, "MINID",
                           from, NULL) == 0)
           && redis_queue(ctl->redis, "HSET", ctl->settings.root, "archive",
                          entry, NULL) == 0
           ? STATUS_DONE : ctl->error.status;
}


int
trail_append_certain(control_t *ctl, const trail_append_t *d, head_t *head,
    const char *mend, int *done)
{
    transaction_e  outcome;

    outcome = trail_append(ctl, d, head);
    *done = outcome == TRANSACTION_DONE;

    if (outcome == TRANSACTION_FAILED
        || (outcome == TRANSACTION_LOST
            && append_lost(ctl, head, mend, done) != STATUS_DONE))
    {
        return ctl->error.status;
    }

    if (outcome == TRANSACTION_LOST && *done) {
        append_syslog(ctl, d, head);
    }

    return STATUS_DONE;
}


/* Connects again and looks whether the entry was written. */

static int
append_lost(control_t *ctl, const head_t *head, const char *mend, int *done)
{
    char      hash[PAYLOCK_HASH_LEN + 1], why[sizeof(ctl->error.message)];
    stream_t  s;

    memcpy(why, ctl->error.message, sizeof(why));

    redis_conn_close(ctl->redis);
    ctl->redis = redis_conn_open(&ctl->settings, &ctl->error);

    /* WATCH first: a transaction still under way then comes too late */

    if (ctl->redis && head_read(ctl, &s) == STATUS_DONE
        && head_hash(ctl, head->seq, hash) == STATUS_DONE)
    {
        *done = strcmp(hash, head->hash) == 0;
        return STATUS_DONE;
    }

    return error_set(&ctl->error, STATUS_UNKNOWN, "unknown", mend,
                     "the connection was lost in the transaction, and "
                     "whether that was carried out is not known: %.1500s",
                     why);
}


static void
append_syslog(control_t *ctl, const trail_append_t *d, const head_t *head)
{
    const paylock_str_t  *f;

    f = d->e.field;
    ctl->changed = 1;

    audit_syslog(ctl, head, f[PAYLOCK_AUDIT_ACTION].data, "",
                 f[PAYLOCK_AUDIT_ACTOR].data, d->request);
}
