
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The second half of a change: writes entries and records, sends EXEC.
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change/change_batch.h"
#include "paylock_utf8.h"
#include "trail/entry.h"
#include "trail/root.h"


#define WRITE_NUMBER  24               /* a seq, and a zero */


typedef struct {
    size_t  entries;
    size_t  changes;                   /* of records, root and "requests" */
} write_sent_t;


static int write_queue(change_batch_t *b, change_t *ch, size_t n, head_t *head,
    write_sent_t  *sent);
static paylock_order_e write_order(const change_t *ch, uint32_t now);
static int write_number(change_batch_t *b, change_t *ch, uint64_t seq);
static int write_root(change_batch_t *b, const change_t *ch);
static int write_queue_entry(change_batch_t *b, change_t *ch, head_t *head,
    int last);
static int write_queue_records(change_batch_t *b, const change_t *ch, size_t n,
    write_sent_t  *sent);


transaction_e
change_write(change_batch_t *b, change_t *ch, size_t n)
{
    head_t         head;
    write_sent_t   sent;
    transaction_e  outcome;

    head = b->head;

    if (write_queue(b, ch, n, &head, &sent) != STATUS_DONE
        || idempotency_write(b, n, sent.entries, &head, &sent.changes)
           != STATUS_DONE)
    {
        return TRANSACTION_FAILED;
    }

    outcome = transaction_exec(b->ctl, sent.entries, sent.changes);

    if (outcome == TRANSACTION_LOST) {

        /* without an entry, it may be done again, or the request is found */

        b->unsure = head;
        b->unsure.seq = sent.entries ? head.seq : 0;

    } else if (outcome == TRANSACTION_DONE) {
        b->head = head;
        idempotency_written(b);

    } else {
        idempotency_dropped(b);
    }

    return outcome;
}


static int
write_queue(change_batch_t *b, change_t *ch, size_t n, head_t *head,
    write_sent_t *sent)
{
    size_t           i, changed;
    control_t       *ctl;
    uint32_t         now;
    paylock_order_e  order;

    ctl = b->ctl;
    now = time(NULL);
    sent->entries = 0;
    sent->changes = 0;

    for (i = 0, changed = 0; i < n; i++) {
        ch[i].order = write_order(&ch[i], now);
        changed += ch[i].changed != 0;
    }

    /* nginx may apply them in several steps: see paylock_order_e */

    for (order = PAYLOCK_ORDER_FIRST; order <= PAYLOCK_ORDER_LAST; order++) {

        for (i = 0; i < n; i++) {

            if (!ch[i].changed || ch[i].order != order) {
                continue;
            }

            sent->entries++;

            if (write_number(b, &ch[i], head->seq + 1) != STATUS_DONE
                || write_root(b, &ch[i]) != STATUS_DONE)
            {
                return ctl->error.status;
            }

            if (write_queue_entry(b, &ch[i], head, sent->entries == changed)
                != STATUS_DONE)
            {
                return ctl->error.status;
            }

            ch[i].seq = head->seq;
            strcpy(ch[i].hash, head->hash);
        }
    }

    if (sent->entries && root_write(ctl, head->seq, &sent->changes)
                         != STATUS_DONE)
    {
        return ctl->error.status;
    }

    return write_queue_records(b, ch, n, sent);
}


/* Safe for either paylock_default, which is not known here. */

static paylock_order_e
write_order(const change_t *ch, uint32_t now)
{
    int               was, is;
    paylock_record_t  before, after;

    was = ch->before
          && paylock_record_parse(ch->before, ch->before_len, &before) == NULL;
    is = ch->text
         && paylock_record_parse(ch->text, strlen(ch->text), &after) == NULL;

    return paylock_timeline_order(was ? &before : NULL, is ? &after : NULL,
                                  now, 1u << PAYLOCK_OPEN
                                       | 1u << PAYLOCK_LOCKED);
}


/* Puts the number of the entry into the record that it writes. */

static int
write_number(change_batch_t *b, change_t *ch, uint64_t seq)
{
    if (ch->text == NULL) {
        return STATUS_DONE;
    }

    free(ch->text);
    (void) json_object_set_new(ch->after, PAYLOCK_ENTRY,
                               json_integer((json_int_t) seq));
    ch->text = paylock_record_dump(ch->after);

    return ch->text ? STATUS_DONE : control_no_memory(b->ctl);
}


static int
write_root(change_batch_t *b, const change_t *ch)
{
    paylock_str_t  host, before, after;

    if (ch->text == NULL) {
        return STATUS_DONE;
    }

    host.data = ch->host;
    host.len = strlen(ch->host);
    before.data = ch->before ? ch->before : ch->untold;
    before.len = ch->before ? ch->before_len : ch->untold_len;
    after.data = ch->text;
    after.len = strlen(ch->text);

    return root_change(b->ctl, &host, before.data ? &before : NULL, &after);
}


static int
write_queue_entry(change_batch_t *b, change_t *ch, head_t *head, int last)
{
    char              prior[WRITE_NUMBER];
    size_t            i;
    const char       *name;
    paylock_entry_t   e;

    memset(&e, 0, sizeof(paylock_entry_t));

    entry_set(&e, PAYLOCK_AUDIT_ACTOR, b->actor);
    entry_set(&e, PAYLOCK_AUDIT_MACHINE, b->machine);
    entry_set(&e, PAYLOCK_AUDIT_REQUEST, b->request);
    change_fields(b, ch, &e);

    (void) snprintf(prior, sizeof(prior), "%" PRIu64, ch->prior);
    entry_set(&e, PAYLOCK_AUDIT_PRIOR, prior);

    if (b->kind->entry) {
        b->kind->entry(b, &e);

    } else {
        for (i = PAYLOCK_CASE_FIRST; i < PAYLOCK_CASE_END; i++) {
            name = paylock_entry_fields[i].name;
            entry_set(&e, i,
                      json_string_value(json_object_get(ch->after, name)));
        }
    }

    return entry_queue(b->ctl, &e, head, last);
}


void
change_fields(const change_batch_t *b, const change_t *ch, paylock_entry_t *e)
{
    entry_set(e, PAYLOCK_AUDIT_ACTION, b->kind->action);
    entry_set(e, PAYLOCK_AUDIT_HOST, ch->host);

    /* an entry is text and cannot hold other bytes that were in Redis */

    if (ch->before && ch->before_len <= PAYLOCK_RECORD_MAX
        && paylock_utf8_check(ch->before, ch->before_len))
    {
        e->field[PAYLOCK_AUDIT_BEFORE].data = ch->before;
        e->field[PAYLOCK_AUDIT_BEFORE].len = ch->before_len;
    }

    if (ch->text) {
        entry_set(e, PAYLOCK_AUDIT_AFTER, ch->text);

    } else {
        e->field[PAYLOCK_AUDIT_AFTER] = e->field[PAYLOCK_AUDIT_BEFORE];
    }
}


/* Queues one HSET of all new records: none is removed, see reset.c. */

static int
write_queue_records(change_batch_t *b, const change_t *ch, size_t n,
    write_sent_t *sent)
{
    int           rc;
    size_t        i, k;
    const char  **arg;

    arg = malloc((2 + 2 * n) * sizeof(char *));

    if (arg == NULL) {
        return control_no_memory(b->ctl);
    }

    arg[0] = "HSET";
    arg[1] = b->ctl->settings.locks;

    for (k = 2, i = 0; i < n; i++) {

        if (ch[i].changed && ch[i].text) {
            arg[k++] = ch[i].host;
            arg[k++] = ch[i].text;
        }
    }

    rc = 0;

    if (k > 2) {
        rc = redis_queue_argv(b->ctl->redis, k, arg, NULL);
        sent->changes++;
    }

    free(arg);

    return rc == 0 ? STATUS_DONE : b->ctl->error.status;
}
