
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "change/change_batch.h"
#include "trail/trust.h"


#define FLIP_RACES     100
#define FLIP_LOSSES    3
#define FLIP_PAUSE     64              /* milliseconds, at most */


static int flips_all(flips_t *fs);
static void flips_take(flips_t *fs, size_t n);
static int flips_interrupted(flips_t *fs);
static flip_outcome_e flip_attempt(flips_t *fs, flip_t *f, size_t n,
    int last);
static int flip_change(flips_t *fs, flip_t *f, size_t n);
static int flip_lost(flips_t *fs);
static void flip_unknown(admin_t *a);
static void flip_discard(link_t *l);
static void flip_pause(size_t races);


void
flips_free(flips_t *fs)
{
    size_t  i;

    for (i = 0; fs->flip && i < fs->n && i < FLIP_BATCH; i++) {
        flip_forget(&fs->flip[i]);
    }

    for (i = 0; fs->became && i < fs->n; i++) {
        json_decref(fs->became[i].after);
    }

    free(fs->flip);
    free(fs->became);
    json_decref(fs->waited);
}


int
flips_commit(flips_t *fs)
{
    int  status;

    if (!flips_several(fs)) {
        return flips_all(fs);
    }

    interrupt_hold(&fs->interrupt);
    progress_begin(&fs->progress, fs->admin);

    status = STATUS_DONE;

    if (!fs->admin->opt[OPT_DRY_RUN]) {
        fs->rehearsing = 1;
        status = flips_all(fs);
        fs->rehearsing = 0;
        fs->done = fs->repeated ? fs->n : 0;
    }

    if (status == STATUS_DONE) {
        status = flips_all(fs);
    }

    if (status != STATUS_DONE && fs->admin->opt[OPT_DRY_RUN]) {
        fs->done = 0;
    }

    progress_end(&fs->progress);
    interrupt_release(&fs->interrupt);

    return status;
}


static int
flips_all(flips_t *fs)
{
    size_t          i, n, batch, races, losses;
    flip_outcome_e  outcome;

    batch = FLIP_BATCH;
    races = 0;
    losses = 0;

    while (fs->done < fs->n) {
        n = fs->n - fs->done;
        n = n < batch ? n : batch;

        if (flips_several(fs) && flips_interrupted(fs) != STATUS_DONE) {
            return fs->admin->problem.status;
        }

        for (i = 0; i < n; i++) {
            fs->flip[i].i = fs->done + i;
            fs->flip[i].host = fs->host[fs->done + i];
        }

        outcome = flip_attempt(fs, fs->flip, n, losses == FLIP_LOSSES);

        switch (outcome) {

        case FLIP_DONE:
            flips_take(fs, n);
            fs->known = fs->head;
            trust_at(fs->admin, &fs->head);
            fs->unsure.seq = 0;
            races = 0;
            losses = 0;

            /* who was in the way may be gone */

            batch += batch / 8 + 1;
            batch = batch < FLIP_BATCH ? batch : FLIP_BATCH;
            break;

        case FLIP_RACE:
            if (++races == FLIP_RACES) {
                return problem_set(&fs->admin->problem, STATUS_FAILED, "race",
                                   "try again when fewer changes are made",
                                   "others were faster %d times in a row",
                                   FLIP_RACES);
            }

            batch = n > 1 ? n / 2 : 1;
            flip_pause(races);
            break;

        case FLIP_LOST:
            losses++;

            if (flip_lost(fs) != STATUS_DONE) {
                return fs->admin->problem.status;
            }

            break;

        default:
            return fs->admin->problem.status;
        }
    }

    return STATUS_DONE;
}


/* A transaction of n flips is done, or the whole command was done before. */

static void
flips_take(flips_t *fs, size_t n)
{
    size_t         i;
    const flip_t  *f;
    flip_done_t   *d;

    if (fs->repeated) {
        fs->done = fs->n;

    } else {
        for (i = 0; i < n && !fs->rehearsing; i++) {
            f = &fs->flip[i];
            d = &fs->became[f->i];

            if (!d->found) {
                d->seq = f->seq;
                d->changed = f->changed != 0;
            }
        }

        fs->done += n;
    }

    if (!fs->rehearsing || fs->repeated) {
        flips_did(fs, n);
    }

    progress(&fs->progress, fs->rehearsing ? "checked" : "done", fs->done,
             fs->n);
}


/* Not before it is known what became of the transaction before. */

static int
flips_interrupted(flips_t *fs)
{
    if (fs->unsure.seq || !interrupt_came(&fs->interrupt)) {
        return STATUS_DONE;
    }

    return problem_set(&fs->admin->problem, STATUS_FAILED, "interrupted",
                       "run the same command again for the rest",
                       fs->done && !fs->rehearsing
                       ? "it was interrupted"
                       : "it was interrupted, and nothing is changed");
}


/*
 * One transaction of n flips.  After a lost link it is first seen whether it
 * was carried out; if not, the new transaction makes sure that what may still
 * be on its way comes too late, since both watch the same keys.
 */

static flip_outcome_e
flip_attempt(flips_t *fs, flip_t *f, size_t n, int last)
{
    int       committed;
    admin_t  *a;

    a = fs->admin;

    if (flip_watch(fs, &committed) != STATUS_DONE) {

        if (fs->unsure.seq) {
            flip_unknown(a);
        }

        return FLIP_FAILED;
    }

    if (committed) {
        fs->head = fs->unsure;
        return FLIP_DONE;
    }

    if (last) {
        (void) problem_set(&a->problem, STATUS_FAILED, "link",
                           "see the log of Redis",
                           "Redis at %s ended the connection at each of %d "
                           "transactions%s", a->settings.where, FLIP_LOSSES,
                           fs->done ? "" : "; nothing is changed");
        return FLIP_FAILED;
    }

    fs->unsure.seq = 0;

    if (repeat_find(fs) != STATUS_DONE) {
        return FLIP_FAILED;
    }

    if (fs->repeated) {
        return FLIP_DONE;
    }

    if (flip_read(fs, f, n) != STATUS_DONE
        || flip_change(fs, f, n) != STATUS_DONE)
    {
        return FLIP_FAILED;
    }

    if (a->opt[OPT_DRY_RUN] || fs->rehearsing) {
        flip_discard(a->link);
        return FLIP_DONE;
    }

    /* where nothing changes EXEC still tells whether all was read at once */

    return flip_write(fs, f, n);
}


static int
flip_change(flips_t *fs, flip_t *f, size_t n)
{
    int       status;
    size_t    i;
    uint32_t  now;

    now = (uint32_t) time(NULL);

    for (i = 0; i < n; i++) {

        if (fs->became[f[i].i].found) {
            continue;
        }

        status = fs->kind->change(fs, &f[i], now);

        if (status != STATUS_DONE) {
            return problem_about(&fs->admin->problem, f[i].host);
        }

        if (f[i].after && fs->kind->entry == NULL) {
            f[i].text = paylock_record_dump(f[i].after);

            if (f[i].text == NULL) {
                return admin_memory(fs->admin);
            }

            if (strlen(f[i].text) > PAYLOCK_RECORD_MAX) {
                (void) problem_set(&fs->admin->problem, STATUS_FAILED,
                                   "record", "take members out of it",
                                   "the record of \"%s\" would be larger than "
                                   "%d bytes", f[i].host, PAYLOCK_RECORD_MAX);
                return problem_about(&fs->admin->problem, f[i].host);
            }
        }
    }

    return STATUS_DONE;
}


/* A new connection in the place of the one lost in EXEC. */

static int
flip_lost(flips_t *fs)
{
    admin_t  *a;

    a = fs->admin;

    link_close(a->link);
    a->link = link_open(&a->settings, &a->problem);

    if (a->link == NULL) {
        flip_unknown(a);
        return a->problem.status;
    }

    return STATUS_DONE;
}


static void
flip_unknown(admin_t *a)
{
    char  why[sizeof(a->problem.message)];

    memcpy(why, a->problem.message, sizeof(why));

    (void) problem_set(&a->problem, STATUS_UNKNOWN, "unknown",
                       "run the same command again, it changes nothing twice",
                       "the connection was lost in the transaction, and "
                       "whether that was carried out is not known: %.1500s",
                       why);
}


static void
flip_discard(link_t *l)
{
    if (link_command(l, "DISCARD", NULL) == 0 && link_send(l) == 0) {
        flip_drop(l, 1);
    }
}


void
flip_drop(link_t *l, size_t replies)
{
    redisReply  *reply;

    while (replies-- && (reply = link_reply(l)) != NULL) {
        freeReplyObject(reply);
    }
}


static void
flip_pause(size_t races)
{
    unsigned         dice;
    struct timespec  ts;

    if (getrandom(&dice, sizeof(dice), 0) != sizeof(dice)) {
        dice = 0;
    }

    ts.tv_sec = 0;
    ts.tv_nsec = races < 6 ? 1000000L << races : 1000000L * FLIP_PAUSE;
    ts.tv_nsec = (long) (dice % (unsigned long) ts.tv_nsec);

    (void) nanosleep(&ts, NULL);
}


void
flip_forget(flip_t *f)
{
    size_t       i;
    const char  *host;

    i = f->i;
    host = f->host;

    json_decref(f->after);
    json_decref(f->record);
    holder_free(&f->holder);
    free(f->before);
    free(f->text);

    memset(f, 0, sizeof(flip_t));
    f->i = i;
    f->host = host;
}
