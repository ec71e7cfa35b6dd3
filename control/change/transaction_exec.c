
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The second half of a transaction: the entries, the records, EXEC.
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change/change_batch.h"
#include "text.h"
#include "trail/entry.h"


typedef struct {
    size_t  entries;
    size_t  changes;                   /* HSET, HDEL */
} flip_sent_t;


/* members of the record, which the entry repeats */

static const paylock_audit_field_e  flip_told[] = {
    PAYLOCK_AUDIT_REASON, PAYLOCK_AUDIT_INVOICE, PAYLOCK_AUDIT_AMOUNT,
    PAYLOCK_AUDIT_CURRENCY, PAYLOCK_AUDIT_DUE
};


static int flip_queue(flips_t *fs, flip_t *f, size_t n, head_t *head,
    flip_sent_t *sent);
static paylock_order_e flip_order(const flip_t *f, uint32_t now);
static int flip_queue_entry(flips_t *fs, flip_t *f, head_t *head, int last);
static int flip_queue_changes(flips_t *fs, const flip_t *f, size_t n, int set,
    flip_sent_t *sent);
static flip_outcome_e flip_take_exec(flips_t *fs, const flip_sent_t *sent);
static int flip_check_exec(flips_t *fs, const redisReply *reply,
    const flip_sent_t *sent);


flip_outcome_e
flip_write(flips_t *fs, flip_t *f, size_t n)
{
    head_t           head;
    admin_t         *a;
    flip_sent_t      sent;
    flip_outcome_e   outcome;

    a = fs->admin;
    head = fs->head;

    if (flip_queue(fs, f, n, &head, &sent) != STATUS_DONE) {
        return FLIP_FAILED;
    }

    outcome = link_send(a->link) == 0 ? flip_take_exec(fs, &sent) : FLIP_LOST;

    if (outcome == FLIP_LOST) {
        fs->unsure = head;

    } else if (outcome == FLIP_DONE) {
        fs->head = head;
    }

    return outcome;
}


static int
flip_queue(flips_t *fs, flip_t *f, size_t n, head_t *head, flip_sent_t *sent)
{
    size_t           i, changed;
    admin_t         *a;
    uint32_t         now;
    paylock_order_e  order;

    a = fs->admin;
    now = time(NULL);
    sent->entries = 0;
    sent->changes = 0;

    for (i = 0, changed = 0; i < n; i++) {
        f[i].order = flip_order(&f[i], now);
        changed += f[i].changed != 0;
    }

    /* nginx may read them in more than one reply */

    for (order = PAYLOCK_ORDER_FIRST; order <= PAYLOCK_ORDER_LAST; order++) {

        for (i = 0; i < n; i++) {

            if (!f[i].changed || f[i].order != order) {
                continue;
            }

            sent->entries++;

            if (flip_queue_entry(fs, &f[i], head, sent->entries == changed)
                != STATUS_DONE)
            {
                return a->problem.status;
            }

            f[i].seq = head->seq;
            strcpy(f[i].hash, head->hash);
        }
    }

    if (fs->kind->entry == NULL
        && (flip_queue_changes(fs, f, n, 1, sent) != STATUS_DONE
            || flip_queue_changes(fs, f, n, 0, sent) != STATUS_DONE))
    {
        return a->problem.status;
    }

    return link_command(a->link, "EXEC", NULL) == 0 ? STATUS_DONE
                                                    : a->problem.status;
}


/* Which paylock_default the servers have is not known here. */

static paylock_order_e
flip_order(const flip_t *f, uint32_t now)
{
    int               was, is;
    paylock_record_t  before, after;

    was = f->before
          && paylock_record_parse(f->before, f->before_len, &before) == NULL;
    is = f->text
         && paylock_record_parse(f->text, strlen(f->text), &after) == NULL;

    return paylock_timeline_order(was ? &before : NULL, is ? &after : NULL,
                                  now, 1u << PAYLOCK_OPEN
                                       | 1u << PAYLOCK_LOCKED);
}


static int
flip_queue_entry(flips_t *fs, flip_t *f, head_t *head, int last)
{
    size_t            i;
    const char       *name;
    paylock_entry_t   e;

    memset(&e, 0, sizeof(paylock_entry_t));

    entry_set(&e, PAYLOCK_AUDIT_ACTOR, fs->actor);
    entry_set(&e, PAYLOCK_AUDIT_MACHINE, fs->machine);
    entry_set(&e, PAYLOCK_AUDIT_ACTION, fs->kind->action);
    entry_set(&e, PAYLOCK_AUDIT_HOST, f->host);
    entry_set(&e, PAYLOCK_AUDIT_REQUEST, fs->request);

    /* an entry is text: of other bytes that stood there it cannot tell */

    if (f->before && f->before_len <= PAYLOCK_RECORD_MAX
        && text_is_utf8(f->before, f->before_len))
    {
        e.field[PAYLOCK_AUDIT_BEFORE].data = f->before;
        e.field[PAYLOCK_AUDIT_BEFORE].len = f->before_len;
    }

    if (fs->kind->entry) {
        e.field[PAYLOCK_AUDIT_AFTER] = e.field[PAYLOCK_AUDIT_BEFORE];
        fs->kind->entry(fs, &e);

    } else {
        entry_set(&e, PAYLOCK_AUDIT_AFTER, f->text);

        for (i = 0; i < sizeof(flip_told) / sizeof(flip_told[0]); i++) {
            name = paylock_audit_names[flip_told[i]];
            entry_set(&e, flip_told[i],
                      json_string_value(json_object_get(f->after, name)));
        }
    }

    return entry_queue(fs->admin, &e, head, last);
}


/* One HSET of all that get a record, or one HDEL of all that lose it. */

static int
flip_queue_changes(flips_t *fs, const flip_t *f, size_t n, int set,
    flip_sent_t *sent)
{
    int           rc;
    size_t        i, k;
    const char  **arg;

    arg = malloc((2 + 2 * n) * sizeof(char *));

    if (arg == NULL) {
        return admin_memory(fs->admin);
    }

    arg[0] = set ? "HSET" : "HDEL";
    arg[1] = fs->admin->settings.locks;

    for (k = 2, i = 0; i < n; i++) {

        if (!f[i].changed || set != (f[i].text != NULL)) {
            continue;
        }

        arg[k++] = f[i].host;

        if (set) {
            arg[k++] = f[i].text;
        }
    }

    rc = 0;

    if (k > 2) {
        rc = link_queue(fs->admin->link, k, arg, NULL);
        sent->changes++;
    }

    free(arg);

    return rc == 0 ? STATUS_DONE : fs->admin->problem.status;
}


/* The replies to each command queued behind MULTI, and to EXEC. */

static flip_outcome_e
flip_take_exec(flips_t *fs, const flip_sent_t *sent)
{
    int          refused;
    link_t      *l;
    size_t       i;
    redisReply  *reply;

    l = fs->admin->link;
    refused = 0;

    for (i = 0; i < sent->entries + sent->changes; i++) {
        reply = link_reply(l);

        if (reply == NULL) {
            return FLIP_LOST;
        }

        if (reply->type == REDIS_REPLY_ERROR && !refused) {
            refused = 1;
            (void) link_refused(l, reply);
        }

        freeReplyObject(reply);
    }

    reply = link_reply(l);

    if (reply == NULL) {
        return FLIP_LOST;
    }

    if (reply->type == REDIS_REPLY_NIL) {
        freeReplyObject(reply);
        return FLIP_RACE;
    }

    if (reply->type == REDIS_REPLY_ERROR) {

        if (!refused) {
            (void) link_refused(l, reply);
        }

        freeReplyObject(reply);

        return FLIP_FAILED;
    }

    i = flip_check_exec(fs, reply, sent);
    freeReplyObject(reply);

    return i == STATUS_DONE ? FLIP_DONE : FLIP_FAILED;
}


/* EXEC does not roll back: what failed inside must be said. */

static int
flip_check_exec(flips_t *fs, const redisReply *reply, const flip_sent_t *sent)
{
    size_t             i;
    const redisReply  *r;

    static const char  mend[] = "run \"paylock-admin status\" and "
                                "\"paylock-admin audit log\" to see what "
                                "stands, and the command again";

    for (i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        r = reply->element[i];

        if (r->type != (i < sent->entries ? REDIS_REPLY_STRING
                                          : REDIS_REPLY_INTEGER))
        {
            return problem_set(&fs->admin->problem, STATUS_PARTLY, "partly",
                               mend, "Redis at %s carried out the transaction "
                               "in part only: %.300s",
                               fs->admin->settings.where,
                               r->type == REDIS_REPLY_ERROR ? r->str
                               : "an answer of an unexpected type");
        }
    }

    return i == sent->entries + sent->changes
           ? STATUS_DONE
           : problem_set(&fs->admin->problem, STATUS_PARTLY, "partly", mend,
                         "Redis at %s gave no whole answer to EXEC",
                         fs->admin->settings.where);
}
