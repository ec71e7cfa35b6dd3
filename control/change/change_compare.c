
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Compares records with the trail before they are changed: what somebody wrote
 * by hand must not become honest by the signature of the next change.
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change/change_ops.h"
#include "trail/head.h"
#include "trail/trust.h"
#include "trail/trust_way.h"
#include "trail/vouched.h"


static int compare_ask(change_batch_t *b, const change_t *ch, size_t n,
    redisReply **reply);
static int compare_one(change_batch_t *b, change_t *ch,
    const redisReply *reply);
static int compare_counts(change_batch_t *b, const paylock_entry_t *e,
    int *counts);
static int compare_way(change_batch_t *b, const paylock_entry_t *e,
    trust_way_e *way);
static int compare_archived(change_batch_t *b, const char *name,
    const char *value, size_t len, int *vouched);
static int compare_match(change_batch_t *b, change_t *ch);
static int compare_match_again(change_batch_t *b, change_t *ch);
static int compare_other(change_batch_t *b, const change_t *ch,
    const char *name, const json_t *record);
static int compare_other_archived(change_batch_t *b, const char *name,
    const json_t *record, int *counts);


int
change_compare(change_batch_t *b, change_t *ch, size_t n)
{
    int           status;
    size_t        i;
    redisReply  **reply;

    reply = calloc(n + 1, sizeof(redisReply *));

    if (reply == NULL) {
        return control_no_memory(b->ctl);
    }

    trust_way_free(&b->ctl->way);

    status = compare_ask(b, ch, n, reply);

    for (i = 0; i < n && status == STATUS_DONE; i++) {

        if (ch[i].before) {
            status = compare_one(b, &ch[i], reply[i]);
        }

        if (status == STATUS_DONE && ch[i].by_hand) {
            status = change_by_hand(b, &ch[i]);
        }

        if (status == STATUS_DONE && b->kind->inherits) {
            status = compare_match(b, &ch[i]);
        }
    }

    for (i = 0; i < n; i++) {
        freeReplyObject(reply[i]);
    }

    free(reply);

    return status;
}


/* Reads the entries that the records name; all replies are taken at once. */

static int
compare_ask(change_batch_t *b, const change_t *ch, size_t n,
    redisReply **reply)
{
    size_t      i;
    uint64_t    seq;
    control_t  *ctl;

    ctl = b->ctl;

    for (i = 0; i < n; i++) {
        seq = paylock_record_entry(ch[i].record);

        if (seq && (head_entry_queue(ctl, seq) != STATUS_DONE
                    || trust_way_by(ctl, seq) != STATUS_DONE))
        {
            return ctl->error.status;
        }
    }

    if (redis_send(ctl->redis) != 0) {
        return ctl->error.status;
    }

    for (i = 0; i < n; i++) {

        if (paylock_record_entry(ch[i].record) == 0) {
            continue;
        }

        reply[i] = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);

        if (reply[i] == NULL) {
            return ctl->error.status;
        }
    }

    return STATUS_DONE;
}


/* Is the record, byte for byte, what an entry that counts wrote? */

static int
compare_one(change_batch_t *b, change_t *ch, const redisReply *reply)
{
    int                   counts;
    paylock_entry_t       e;
    const paylock_str_t  *after;

    ch->by_hand = 1;
    after = &e.field[PAYLOCK_AUDIT_AFTER];

    if (reply && reply->elements == 0) {

        if (compare_archived(b, ch->host, ch->before, ch->before_len, &counts)
            != STATUS_DONE)
        {
            return b->ctl->error.status;
        }

        ch->by_hand = !counts;

        return STATUS_DONE;
    }

    if (reply == NULL || reply->elements != 1
        || paylock_entry_read(reply->element[0], &e) != NULL
        || !paylock_entry_writes(&e)
        || !paylock_str_is(e.field[PAYLOCK_AUDIT_HOST], ch->host)
        || after->len != ch->before_len
        || memcmp(after->data, ch->before, ch->before_len) != 0)
    {
        return STATUS_DONE;
    }

    if (compare_counts(b, &e, &counts) != STATUS_DONE) {
        return b->ctl->error.status;
    }

    ch->by_hand = !counts;

    return STATUS_DONE;
}


/*
 * Does it count?  It must be in its place.  Where there is no way to it, as an
 * entry between is missing, the signature of whoever nobody else can sign for
 * is enough; else the last signature must vouch for the record.
 */

static int
compare_counts(change_batch_t *b, const paylock_entry_t *e, int *counts)
{
    trust_way_e           way;
    const paylock_str_t  *f;

    f = e->field;

    if (compare_way(b, e, &way) != STATUS_DONE) {
        return b->ctl->error.status;
    }

    *counts = way == TRUST_WAY_ON;

    if (way != TRUST_WAY_FAR || trust_way_given_up(b->ctl, e->seq)) {
        return STATUS_DONE;
    }

    return trust_entry_counts(b->ctl, e, counts) != STATUS_DONE
           ? b->ctl->error.status
           : !*counts || trust_way_sure(b->ctl, e) ? STATUS_DONE
           : vouched_record(b->ctl, &b->head, &f[PAYLOCK_AUDIT_HOST],
                            &f[PAYLOCK_AUDIT_AFTER], counts);
}


static int
compare_way(change_batch_t *b, const paylock_entry_t *e, trust_way_e *way)
{
    *way = trust_way_has(b->ctl, e);

    if (*way == TRUST_WAY_FAR) {

        if (trust_way_by(b->ctl, e->seq) != STATUS_DONE
            || trust_way_go(b->ctl) != STATUS_DONE)
        {
            return b->ctl->error.status;
        }

        *way = trust_way_has(b->ctl, e);
    }

    return STATUS_DONE;
}


/* Its entry is not there: does the last signature vouch for the record? */

static int
compare_archived(change_batch_t *b, const char *name, const char *value,
    size_t len, int *vouched)
{
    paylock_str_t  host, record;

    host.data = name;
    host.len = strlen(name);
    record.data = value;
    record.len = len;

    return vouched_record(b->ctl, &b->head, &host, &record, vouched);
}


/*
 * A plan or a notice begins with the record that holds for the host, which may
 * be that of another name; and so may be the latest "pass_after".
 */

static int
compare_match(change_batch_t *b, change_t *ch)
{
    matching_record_t  *m;

    m = &ch->match;

    if (ch->by_hand && compare_match_again(b, ch) != STATUS_DONE) {
        return b->ctl->error.status;
    }

    if (m->match && strcmp(m->match, ch->host) != 0
        && compare_other(b, ch, m->match, m->record) != STATUS_DONE)
    {
        return b->ctl->error.status;
    }

    return m->revoked && m->revoked != m->match
           && strcmp(m->revoked, ch->host) != 0
           ? compare_other(b, ch, m->revoked, m->revoked_record) : STATUS_DONE;
}


/* What was written by hand may have hidden that of another name. */

static int
compare_match_again(change_batch_t *b, change_t *ch)
{
    paylock_record_t    rec;
    matching_record_t  *m;

    m = &ch->match;

    if (matching_record_without(b->ctl, m, ch->host, (uint32_t) time(NULL))
        != STATUS_DONE)
    {
        return b->ctl->error.status;
    }

    rec = change_times(ch->record);

    if (rec.time[PAYLOCK_PASS_AFTER] > m->pass_after) {
        m->pass_after = rec.time[PAYLOCK_PASS_AFTER];
        m->revoked = NULL;
    }

    if (ch->record && matching_record_says(ch->record)) {
        json_decref(m->record);
        m->match = NULL;
        m->record = json_incref(ch->record);
    }

    return STATUS_DONE;
}


static int
compare_other(change_batch_t *b, const change_t *ch, const char *name,
    const json_t *record)
{
    int                status, counts;
    json_t            *wrote;
    const char        *why;
    redisReply        *reply;
    paylock_entry_t    e;
    paylock_str_t     *after;

    status = head_entry_read(b->ctl, paylock_record_entry(record), &reply, &e);

    if (status != STATUS_DONE) {
        return status;
    }

    counts = 0;
    after = &e.field[PAYLOCK_AUDIT_AFTER];

    if (reply && paylock_str_is(e.field[PAYLOCK_AUDIT_HOST], name)
        && after->len)
    {
        wrote = paylock_record_load(after->data, after->len, &why);
        status = wrote && json_equal(wrote, record)
                 ? compare_counts(b, &e, &counts) : STATUS_DONE;
        json_decref(wrote);
    }

    if (reply == NULL) {
        status = compare_other_archived(b, name, record, &counts);
    }

    freeReplyObject(reply);

    if (status != STATUS_DONE || counts) {
        return status;
    }

    (void) error_set(&b->ctl->error, STATUS_FAILED, "by_hand",
                     "find out who did that; lock, unlock or reset that name "
                     "first, with --yes", "somebody wrote the record of "
                     "\"%s\" by hand, which holds for \"%s\"", name,
                     ch->host);

    return error_about(&b->ctl->error, ch->host);
}


static int
compare_other_archived(change_batch_t *b, const char *name,
    const json_t *record, int *counts)
{
    int    status;
    char  *text;

    text = paylock_record_dump(record);

    if (text == NULL) {
        return control_no_memory(b->ctl);
    }

    status = compare_archived(b, name, text, strlen(text), counts);
    free(text);

    return status;
}
