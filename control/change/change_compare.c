
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Compares records with the trail before they are changed: what somebody wrote
 * by hand must not become honest by the signature of the next change.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "change/change_batch.h"
#include "trail/head.h"
#include "trail/trail.h"


#define COMPARE_SHOWN  300             /* bytes of a record in an error */


/* The last entry that changed the host's record. */

typedef struct {
    const char  *host;
    uint64_t     seq;                  /* 0: there is none */
    char        *after;
    size_t       len;
} compare_last_t;


static int compare_one(const change_t *ch, const redisReply *r);
static int compare_hand(change_batch_t *b, change_t *ch);
static int compare_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int compare_replace(change_batch_t *b, change_t *ch,
    const compare_last_t *last);
static int compare_refuse(change_batch_t *b, const change_t *ch,
    const compare_last_t *last);


int
change_compare(change_batch_t *b, change_t *ch, size_t n)
{
    int          status;
    size_t       i;
    uint64_t     seq;
    control_t   *ctl;
    redisReply  *reply;

    ctl = b->ctl;

    for (i = 0; i < n; i++) {
        seq = paylock_record_entry(ch[i].record);

        if (seq && head_entry_queue(ctl, seq) != STATUS_DONE) {
            return ctl->error.status;
        }
    }

    if (redis_send(ctl->redis) != 0) {
        return ctl->error.status;
    }

    status = STATUS_DONE;

    /* all replies are taken before anything else is asked */

    for (i = 0; i < n; i++) {

        if (paylock_record_entry(ch[i].record) == 0) {
            ch[i].by_hand = ch[i].before != NULL;
            continue;
        }

        reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);

        if (reply == NULL) {
            return ctl->error.status;
        }

        ch[i].by_hand = !compare_one(&ch[i], reply);
        freeReplyObject(reply);
    }

    for (i = 0; i < n && status == STATUS_DONE; i++) {
        if (ch[i].by_hand) {
            status = compare_hand(b, &ch[i]);
        }
    }

    return status;
}


/* Is the record, byte for byte, what the entry wrote? */

static int
compare_one(const change_t *ch, const redisReply *r)
{
    paylock_entry_t       e;
    const paylock_str_t  *after;

    after = &e.field[PAYLOCK_AUDIT_AFTER];

    return r->elements == 1
           && paylock_entry_read(r->element[0], &e) == NULL
           && paylock_entry_changes(&e)
           && paylock_str_is(e.field[PAYLOCK_AUDIT_HOST], ch->host)
           && after->len == ch->before_len
           && memcmp(after->data, ch->before, ch->before_len) == 0;
}


/* Looks for the host's last entry: the record does not tell it. */

static int
compare_hand(change_batch_t *b, change_t *ch)
{
    int             status;
    compare_last_t  last;

    memset(&last, 0, sizeof(compare_last_t));
    last.host = ch->host;

    status = trail_backwards(b->ctl, compare_entry, &last);

    if (status == STATUS_DONE) {
        status = b->by_trail ? compare_replace(b, ch, &last)
                             : compare_refuse(b, ch, &last);
    }

    free(last.after);

    return status;
}


static int
compare_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    compare_last_t       *last;
    const paylock_str_t  *after;

    (void) id;

    last = data;
    after = &e->field[PAYLOCK_AUDIT_AFTER];

    if (why || !paylock_entry_changes(e)
        || !paylock_str_is(e->field[PAYLOCK_AUDIT_HOST], last->host))
    {
        return 1;
    }

    last->seq = e->seq;
    last->len = after->len;
    last->after = after->len ? strndup(after->data, after->len) : NULL;

    return 0;
}


static int
compare_replace(change_batch_t *b, change_t *ch, const compare_last_t *last)
{
    if (change_before(b, ch, last->after, last->len) != STATUS_DONE) {
        return b->ctl->error.status;
    }

    if (ch->guard == NULL || ch->guard == ch->host) {
        ch->guard = paylock_record_protected(ch->record) ? ch->host : NULL;
    }

    return STATUS_DONE;
}


static int
compare_refuse(change_batch_t *b, const change_t *ch,
    const compare_last_t *last)
{
    char  wrote[64];

    (void) snprintf(wrote, sizeof(wrote), last->seq
                    ? "entry %" PRIu64 " wrote" : "no entry wrote one",
                    last->seq);

    (void) error_set(&b->ctl->error, STATUS_FAILED, "by_hand",
                     "find out who did that; to start from what the trail "
                     "says, give --yes", "somebody wrote the record of \"%s\" "
                     "by hand: in Redis stands %.*s; %s%s%.*s", ch->host,
                     (int) (ch->before_len < COMPARE_SHOWN ? ch->before_len
                                                           : COMPARE_SHOWN),
                     ch->before, wrote, last->len ? " " : "",
                     (int) (last->len < COMPARE_SHOWN ? last->len
                                                      : COMPARE_SHOWN),
                     last->after ? last->after : "");

    return error_about(&b->ctl->error, ch->host);
}
