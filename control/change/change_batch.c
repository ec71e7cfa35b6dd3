
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "change/change_batch.h"
#include "trail/audit_syslog.h"
#include "trail/trust.h"


#define BATCH_RACES   100
#define BATCH_PAUSE   64               /* milliseconds, at most */


static int batch_prepare(change_batch_t *b);
static int batch_connect(change_batch_t *b);
static int batch_commit(change_batch_t *b);
static int batch_all(change_batch_t *b);
static void batch_take(change_batch_t *b, size_t n);
static void batch_tell(change_batch_t *b, size_t n);
static int batch_interrupted(change_batch_t *b);
static void batch_pause(size_t races);
static int batch_partly(change_batch_t *b);
static void batch_remember(change_batch_t *b);


int
change_batch_run(change_batch_t *b)
{
    int  status;

    status = batch_prepare(b);

    if (status != STATUS_DONE) {
        return status;
    }

    status = batch_commit(b);

    if (status != STATUS_DONE && b->done) {
        status = batch_partly(b);
    }

    if (b->done) {
        batch_remember(b);
    }

    return status;
}


void
change_batch_free(change_batch_t *b)
{
    size_t  i;

    for (i = 0; b->change && i < b->n && i < CHANGE_BATCH; i++) {
        change_free(&b->change[i]);
    }

    for (i = 0; b->result && i < b->n; i++) {
        json_decref(b->result[i].after);
    }

    free(b->change);
    free(b->result);
    idempotency_free(b);
}


static int
batch_prepare(change_batch_t *b)
{
    int         status;
    size_t      n;
    control_t  *ctl;

    ctl = b->ctl;

    if ((status = actor_name(ctl, &b->actor)) != STATUS_DONE
        || (status = idempotency_key(b)) != STATUS_DONE
        || (status = known_head_load(ctl, &b->known)) != STATUS_DONE
        || (b->known.seq && (status = trust_signer(ctl)) != STATUS_DONE))
    {
        return status;
    }

    actor_machine(b->machine);

    n = b->n < CHANGE_BATCH ? b->n : CHANGE_BATCH;

    b->change = calloc(n + 1, sizeof(change_t));
    b->result = calloc(b->n + 1, sizeof(change_result_t));

    if (b->change == NULL || b->result == NULL) {
        return control_no_memory(ctl);
    }

    if (batch_connect(b) != STATUS_DONE) {
        return ctl->error.status;
    }

    return b->kind->begin ? b->kind->begin(b) : STATUS_DONE;
}


/* A trail that is not known by this URL may be known by another one. */

static int
batch_connect(change_batch_t *b)
{
    control_t  *ctl;

    ctl = b->ctl;

    if (ctl->redis) {
        return STATUS_DONE;
    }

    if (control_connect(ctl) != STATUS_DONE
        || (b->known.seq == 0
            && known_head_load(ctl, &b->known) != STATUS_DONE))
    {
        return ctl->error.status;
    }

    return b->known.seq ? trust_signer(ctl) : STATUS_DONE;
}


static int
batch_commit(change_batch_t *b)
{
    int  status;

    status = STATUS_DONE;

    if (change_batch_several(b) && !b->ctl->dry_run) {
        b->rehearsing = 1;
        status = batch_all(b);
        b->rehearsing = 0;
        b->done = b->repeated ? b->n : 0;
    }

    if (status == STATUS_DONE) {
        status = batch_all(b);
    }

    if (status != STATUS_DONE && change_batch_several(b) && b->ctl->dry_run) {
        b->done = 0;
    }

    return status;
}


static int
batch_all(change_batch_t *b)
{
    size_t         i, n, batch, races, losses;
    transaction_e  outcome;

    batch = CHANGE_BATCH;
    races = 0;
    losses = 0;

    while (b->done < b->n) {
        n = b->n - b->done;
        n = n < batch ? n : batch;

        if (change_batch_several(b) && batch_interrupted(b) != STATUS_DONE) {
            return b->ctl->error.status;
        }

        for (i = 0; i < n; i++) {
            b->change[i].i = b->done + i;
            b->change[i].host = b->host[b->done + i];
        }

        outcome = change_attempt(b, b->change, n, losses == CHANGE_LOSSES);

        switch (outcome) {

        case TRANSACTION_DONE:
            batch_take(b, n);
            b->known = b->head;
            trust_at(b->ctl, &b->head);
            b->unsure.seq = 0;
            races = 0;
            losses = 0;

            /* the client that caused the races may be gone */

            batch += batch / 8 + 1;
            batch = batch < CHANGE_BATCH ? batch : CHANGE_BATCH;
            break;

        case TRANSACTION_RACE:
            if (++races == BATCH_RACES) {
                return error_set(&b->ctl->error, STATUS_FAILED, "race",
                                 "try again when fewer changes are made",
                                 "others were faster %d times in a row",
                                 BATCH_RACES);
            }

            batch = n > 1 ? n / 2 : 1;
            batch_pause(races);
            break;

        case TRANSACTION_LOST:
            losses++;

            if (change_reconnect(b) != STATUS_DONE) {
                return b->ctl->error.status;
            }

            break;

        default:
            return b->ctl->error.status;
        }
    }

    return STATUS_DONE;
}


/* Takes n changes that are committed; or all, if another run did the rest. */

static void
batch_take(change_batch_t *b, size_t n)
{
    size_t            i;
    const change_t   *ch;
    change_result_t  *d;

    if (b->repeated) {
        n = b->rehearsing ? b->n : b->n - b->done;
        b->done = b->n;

    } else {
        for (i = 0; i < n && !b->rehearsing; i++) {
            ch = &b->change[i];
            d = &b->result[ch->i];

            if (!d->found) {
                d->seq = ch->seq;
                d->changed = ch->changed != 0;
            }
        }

        b->done += n;
    }

    if (!b->rehearsing || b->repeated) {
        batch_tell(b, n);
    }

    if (change_batch_several(b) && b->ctl->calls.progress) {
        b->ctl->calls.progress(b->ctl->calls.data,
                               b->rehearsing ? "checked" : "done", b->done,
                               b->n);
    }
}


static void
batch_tell(change_batch_t *b, size_t n)
{
    size_t           i;
    head_t           at;
    const change_t  *ch;

    at = b->head;

    for (i = 0; i < n && !b->repeated; i++) {
        ch = &b->change[i];

        if (ch->seq) {
            at.seq = ch->seq;
            strcpy(at.hash, ch->hash);
            audit_syslog(b->ctl, &at, b->kind->action, ch->host, b->actor,
                         b->request);
            b->ctl->changed = 1;
        }
    }

    if (b->committed) {
        b->committed(b, n);
    }
}


/* Never stops before the result of the last transaction is known. */

static int
batch_interrupted(change_batch_t *b)
{
    const control_calls_t  *calls;

    calls = &b->ctl->calls;

    if (b->unsure.seq || calls->interrupted == NULL
        || !calls->interrupted(calls->data))
    {
        return STATUS_DONE;
    }

    return error_set(&b->ctl->error, STATUS_FAILED, "interrupted",
                     "run the same command again for the rest",
                     b->done && !b->rehearsing
                     ? "it was interrupted"
                     : "it was interrupted, and nothing is changed");
}


static void
batch_pause(size_t races)
{
    unsigned         dice;
    struct timespec  ts;

    if (getrandom(&dice, sizeof(dice), 0) != sizeof(dice)) {
        dice = 0;
    }

    ts.tv_sec = 0;
    ts.tv_nsec = races < 6 ? 1000000L << races : 1000000L * BATCH_PAUSE;
    ts.tv_nsec = (long) (dice % (unsigned long) ts.tv_nsec);

    (void) nanosleep(&ts, NULL);
}


/* Sets the error for when only some transactions were carried out. */

static int
batch_partly(change_batch_t *b)
{
    char           why[sizeof(b->ctl->error.message)];
    char           mend[sizeof(b->ctl->error.mend)];
    error_info_t  *p;

    p = &b->ctl->error;

    memcpy(why, p->message, sizeof(why));
    memcpy(mend, p->mend, sizeof(mend));

    if (p->status == STATUS_UNKNOWN) {
        return error_set(p, STATUS_UNKNOWN, p->code, mend,
                         "the first %zu of %zu hosts are done; then %.1500s",
                         b->done, b->n, why);
    }

    return error_set(p, STATUS_PARTLY, p->code, mend,
                     "the first %zu of %zu hosts are done, those from "
                     "\"%s\" are not: %.1500s", b->done, b->n,
                     b->host[b->done], why);
}


static void
batch_remember(change_batch_t *b)
{
    error_info_t  *p;
    error_info_t   kept;

    if (b->ctl->dry_run) {
        return;
    }

    p = &b->ctl->error;
    kept = *p;

    if (known_head_save(b->ctl, &b->head) != STATUS_DONE) {
        control_warn(b->ctl, p->code, "", p->mend, "%.1900s", p->message);
    }

    *p = kept;
}
