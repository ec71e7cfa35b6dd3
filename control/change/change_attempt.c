
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Tries one transaction of a batch.
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change/change_batch.h"
#include "files/digest.h"
#include "trail/trust.h"


#define ATTEMPT_NUMBER  20             /* digits of an entry's number */


static int attempt_expected(change_batch_t *b, const change_t *ch);
static int attempt_text(change_batch_t *b, change_t *ch);
static int attempt_apply(change_batch_t *b, change_t *ch, size_t n);
static void attempt_unknown(control_t *ctl);
static void attempt_discard(redis_conn_t *redis);


/*
 * If the connection was lost in EXEC, first checks whether that was carried
 * out.  If not, it cannot be carried out any more once the new transaction is,
 * since both watch the same keys.
 */

transaction_e
change_attempt(change_batch_t *b, change_t *ch, size_t n, int last)
{
    int         committed;
    control_t  *ctl;

    ctl = b->ctl;

    if (change_watch(b, n, &committed) != STATUS_DONE) {

        if (trust_root_raced(ctl)) {
            return TRANSACTION_RACE;
        }

        if (b->unsure.seq) {
            attempt_unknown(ctl);
        }

        return TRANSACTION_FAILED;
    }

    if (committed) {
        b->head = b->unsure;
        idempotency_written(b);
        return TRANSACTION_DONE;
    }

    if (last) {
        (void) error_set(&ctl->error, STATUS_FAILED, "link",
                         "see the log of Redis",
                         "Redis at %s ended the connection at each of %d "
                         "transactions%s", ctl->settings.where, CHANGE_LOSSES,
                         b->done ? "" : "; nothing is changed");
        return TRANSACTION_FAILED;
    }

    b->unsure.seq = 0;
    idempotency_dropped(b);

    if (idempotency_find(b) != STATUS_DONE) {
        return TRANSACTION_FAILED;
    }

    if (b->repeated) {
        return TRANSACTION_DONE;
    }

    if (change_read(b, ch, n) != STATUS_DONE
        || attempt_apply(b, ch, n) != STATUS_DONE)
    {
        return TRANSACTION_FAILED;
    }

    if (ctl->dry_run || b->rehearsing) {
        attempt_discard(ctl->redis);
        return TRANSACTION_DONE;
    }

    /* even if nothing changes, EXEC proves that no key changed meanwhile */

    return change_write(b, ch, n);
}


/* Is the record still the one that the caller has seen? */

static int
attempt_expected(change_batch_t *b, const change_t *ch)
{
    char  hash[PAYLOCK_HASH_LEN + 1];

    if (b->expected == NULL) {
        return STATUS_DONE;
    }

    hash[0] = '\0';

    if (ch->before && digest_text(ch->before, ch->before_len, hash) != 0) {
        return control_no_crypto(b->ctl);
    }

    return strcmp(hash, b->expected) == 0 ? STATUS_DONE
           : error_set(&b->ctl->error, STATUS_FAILED, "changed",
                       "look at it again", "\"%s\" was changed meanwhile",
                       ch->host);
}


static int
attempt_apply(change_batch_t *b, change_t *ch, size_t n)
{
    int       status;
    size_t    i;
    uint32_t  now;

    now = (uint32_t) time(NULL);

    for (i = 0; i < n; i++) {

        if (b->result[ch[i].i].found) {
            continue;
        }

        if ((status = attempt_expected(b, &ch[i])) != STATUS_DONE
            || (status = b->kind->apply(b, &ch[i], now)) != STATUS_DONE)
        {
            return error_about(&b->ctl->error, ch[i].host);
        }

        /* what was written by hand is replaced even by what was there before */

        if (ch[i].by_hand && !ch[i].changed) {
            ch[i].changed = 1;

            if (ch[i].after == NULL) {
                ch[i].after = ch[i].record ? json_incref(ch[i].record)
                                           : json_object();
            }
        }

        status = attempt_text(b, &ch[i]);

        if (status != STATUS_DONE) {
            return error_about(&b->ctl->error, ch[i].host);
        }
    }

    return STATUS_DONE;
}


/* Writes the new record, if it may be signed. */

static int
attempt_text(change_batch_t *b, change_t *ch)
{
    paylock_entry_t  e;

    if (ch->after) {
        ch->text = paylock_record_dump(ch->after);

        if (ch->text == NULL) {
            return control_no_memory(b->ctl);
        }

        if (strlen(ch->text) > PAYLOCK_RECORD_MAX - ATTEMPT_NUMBER) {
            return error_set(&b->ctl->error, STATUS_FAILED, "record",
                             "take members out of it", "the record of \"%s\" "
                             "would be larger than %d bytes", ch->host,
                             PAYLOCK_RECORD_MAX);
        }
    }

    if (!ch->changed) {
        return STATUS_DONE;
    }

    memset(&e, 0, sizeof(paylock_entry_t));
    e.seq = paylock_record_entry(ch->after);
    change_fields(b, ch, &e);

    return trust_fits(b->ctl, &e);
}


int
change_reconnect(change_batch_t *b)
{
    control_t  *ctl;

    ctl = b->ctl;

    redis_conn_close(ctl->redis);
    ctl->redis = redis_conn_open(&ctl->settings, &ctl->error);

    if (ctl->redis == NULL) {
        attempt_unknown(ctl);
        return ctl->error.status;
    }

    return STATUS_DONE;
}


static void
attempt_unknown(control_t *ctl)
{
    char  why[sizeof(ctl->error.message)];

    memcpy(why, ctl->error.message, sizeof(why));

    (void) error_set(&ctl->error, STATUS_UNKNOWN, "unknown",
                     "run the same command again, it changes nothing twice",
                     "the connection was lost in the transaction, and "
                     "whether that was carried out is not known: %.1500s",
                     why);
}


static void
attempt_discard(redis_conn_t *redis)
{
    if (redis_queue(redis, "DISCARD", NULL) == 0 && redis_send(redis) == 0) {
        redis_drop(redis, 1);
    }
}


void
change_free(change_t *ch)
{
    size_t       i;
    const char  *host;

    i = ch->i;
    host = ch->host;

    json_decref(ch->after);
    json_decref(ch->record);
    matching_record_free(&ch->match);
    matching_record_free(&ch->www);
    free(ch->before);
    free(ch->untold);
    free(ch->text);

    memset(ch, 0, sizeof(change_t));
    ch->i = i;
    ch->host = host;
}
