
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A record that somebody wrote by hand: refuses to go on from it, or goes on
 * from what the trail says.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "change/change_batch.h"
#include "trail/archived.h"
#include "trail/trail.h"
#include "trail/trust.h"
#include "trail/trust_way.h"
#include "trail/vouched.h"


#define BY_HAND_SHOWN  300             /* bytes of a record in an error */


/* The last entry that counts and changed the host's record. */

typedef struct {
    const char  *host;
    way_at_t     at;                   /* the next one on the way back */
    unsigned     ends:1;               /* ... is not there */
    uint64_t     seq;                  /* 0: there is none */
    char        *after;
    size_t       len;
} by_hand_last_t;


static int by_hand_replaced(change_batch_t *b, const change_t *ch,
    const by_hand_last_t *last);
static int by_hand_unknown(change_batch_t *b, const change_t *ch,
    const by_hand_last_t *last);
static int by_hand_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int by_hand_replace(change_batch_t *b, change_t *ch,
    const by_hand_last_t *last);
static int by_hand_untold(change_batch_t *b, change_t *ch);
static int by_hand_refuse(change_batch_t *b, const change_t *ch,
    const by_hand_last_t *last);


/* Looks for the host's last entry: the record does not tell it. */

int
change_by_hand(change_batch_t *b, change_t *ch)
{
    int             status;
    by_hand_last_t  last;

    memset(&last, 0, sizeof(by_hand_last_t));
    last.host = ch->host;
    last.at.seq = b->ctl->trust.seq;
    memcpy(last.at.hash, b->ctl->trust.hash, sizeof(last.at.hash));

    status = trail_backwards(b->ctl, by_hand_entry, &last);

    if (status == STATUS_DONE && last.ends) {
        return by_hand_replaced(b, ch, &last);
    }

    /* the way does not lead to the first entry: it says nothing of the host */

    if (status == STATUS_DONE && last.seq == 0 && last.at.seq != 0) {
        return by_hand_unknown(b, ch, &last);
    }

    if (status == STATUS_DONE) {
        /* what changes no record cannot put it back either */

        status = b->by_trail && b->kind->entry == NULL
                 ? by_hand_replace(b, ch, &last)
                 : by_hand_refuse(b, ch, &last);
    }

    free(last.after);

    return status;
}


static int
by_hand_replaced(change_batch_t *b, const change_t *ch,
    const by_hand_last_t *last)
{
    (void) error_set(&b->ctl->error, STATUS_FAILED, "chain_forged",
                     "see what \"paylock-admin audit verify --full\" says, and "
                     "find out who did that; \"paylock-admin adopt\" puts back "
                     "what the trail says", "the record of \"%s\" is not to be "
                     "believed: entry %" PRIu64 " in Redis is not the one that "
                     "was verified here", ch->host, last->at.seq);

    return error_about(&b->ctl->error, ch->host);
}


/* What it said last may be archived; if not, it is gone. */

static int
by_hand_unknown(change_batch_t *b, const change_t *ch,
    const by_hand_last_t *last)
{
    archived_t  found;

    if (archived_here(b->ctl, &found) != STATUS_DONE) {
        return b->ctl->error.status;
    }

    if (found.entry == 0) {
        return by_hand_replaced(b, ch, last);
    }

    (void) error_set(&b->ctl->error, STATUS_FAILED, "by_hand",
                     "\"paylock-admin adopt --archive FILE\" with the files "
                     "of what is archived puts back what the trail says",
                     "somebody wrote the record of \"%s\" by hand, or another "
                     "one; what the trail says of it is archived, up to entry "
                     "%" PRIu64, ch->host, found.archive.seq);

    return error_about(&b->ctl->error, ch->host);
}


static int
by_hand_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    trust_way_e           way;
    by_hand_last_t       *last;
    const paylock_str_t  *after;

    (void) id;

    if (why) {
        return 1;
    }

    last = data;
    after = &e->field[PAYLOCK_AUDIT_AFTER];

    way = trust_way_step(&last->at, e);
    last->ends = way == TRUST_WAY_OFF;

    if (way != TRUST_WAY_ON || !paylock_entry_writes(e)
        || !paylock_str_is(e->field[PAYLOCK_AUDIT_HOST], last->host))
    {
        return way != TRUST_WAY_OFF;
    }

    last->seq = e->seq;
    last->len = after->len;
    last->after = after->len ? strndup(after->data, after->len) : NULL;

    return 0;
}


static int
by_hand_replace(change_batch_t *b, change_t *ch, const by_hand_last_t *last)
{
    if ((last->seq == 0 && by_hand_untold(b, ch) != STATUS_DONE)
        || change_before(b, ch, last->after, last->len) != STATUS_DONE)
    {
        return b->ctl->error.status;
    }

    ch->prior = last->seq;

    if (ch->guard == NULL || ch->guard == ch->host) {
        ch->guard = paylock_record_protected(ch->record) ? ch->host : NULL;
    }

    return STATUS_DONE;
}


/*
 * An init or an adopt may have signed a root with that record, of which no
 * entry tells.  It has to be taken out, by somebody who may adopt.
 */

static int
by_hand_untold(change_batch_t *b, change_t *ch)
{
    int            vouched;
    control_t     *ctl;
    paylock_str_t  host, record;

    ctl = b->ctl;

    host.data = ch->host;
    host.len = strlen(ch->host);
    record.data = ch->before;
    record.len = ch->before_len;

    if (vouched_record(ctl, &b->head, &host, &record, &vouched)
        != STATUS_DONE)
    {
        return ctl->error.status;
    }

    if (!vouched) {
        return STATUS_DONE;
    }

    ch->untold = ch->before;
    ch->untold_len = ch->before_len;
    ch->before = NULL;

    return trust_counts(ctl, "adopt");
}


static int
by_hand_refuse(change_batch_t *b, const change_t *ch,
    const by_hand_last_t *last)
{
    char  wrote[64];

    (void) snprintf(wrote, sizeof(wrote), last->seq
                    ? "entry %" PRIu64 " wrote" : "no entry wrote one",
                    last->seq);

    (void) error_set(&b->ctl->error, STATUS_FAILED, "by_hand",
                     b->kind->entry
                     ? "find out who did that; lock, unlock or reset it first, "
                       "with --yes"
                     : "find out who did that; to start from what the trail "
                       "says, give --yes", "somebody wrote the record of "
                     "\"%s\" by hand: in Redis stands %.*s; %s%s%.*s", ch->host,
                     (int) (ch->before_len < BY_HAND_SHOWN ? ch->before_len
                                                           : BY_HAND_SHOWN),
                     ch->before, wrote, last->len ? " " : "",
                     (int) (last->len < BY_HAND_SHOWN ? last->len
                                                      : BY_HAND_SHOWN),
                     last->after ? last->after : "");

    return error_about(&b->ctl->error, ch->host);
}
