
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change/adopt.h"
#include "trail/archived.h"
#include "trail/entry.h"
#include "trail/root.h"
#include "trail/skip.h"
#include "trail/trust.h"


static int adopt_stays(control_t *ctl, adopt_t *t);
static int adopt_before(control_t *ctl, adopt_t *t);
static int adopt_what(control_t *ctl, adopt_t *t);
static int adopt_skip(control_t *ctl, const adopt_t *t);
static int adopt_told(control_t *ctl, adopt_t *t);
static uint64_t adopt_first(const adopt_t *t);
static int adopt_holds(control_t *ctl, const adopt_t *t, int *holds);
static int adopt_there(control_t *ctl, const head_t *head, int *there);
static void adopt_last(adopt_t *t, uint64_t seq, const char *hash);
static const paylock_pin_t *adopt_pin(const paylock_signers_t *s, size_t n);
static void adopt_pins(const control_t *ctl, adopt_t *t);
static int adopt_pinned(control_t *ctl, const adopt_t *t);
static void adopt_say(adopt_t *t);


static const char  adopt_zeros[] = "00000000000000000000000000000000"
                                   "00000000000000000000000000000000";


int
adopt_decide(control_t *ctl, adopt_t *t)
{
    if (head_read(ctl, &t->stream) != STATUS_DONE
        || adopt_stays(ctl, t) != STATUS_DONE
        || adopt_before(ctl, t) != STATUS_DONE
        || adopt_what(ctl, t) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    adopt_say(t);

    return STATUS_DONE;
}


int
adopt_far(const adopt_t *t)
{
    uint64_t  base;

    base = t->remembered > t->stays.seq ? t->remembered : t->stays.seq;

    return t->head.seq > base && t->head.seq - base > ADOPT_FAR;
}


void
adopt_free(adopt_t *t)
{
    adopt_forget(t);
    free(t->restore);
    t->restore = NULL;
    t->room = 0;
}


void
adopt_forget(adopt_t *t)
{
    size_t  i;

    for (i = 0; i < t->n_restore; i++) {
        free(t->restore[i].host);
        free(t->restore[i].value);
    }

    t->n_restore = 0;
    t->unknown = 0;
    t->over_hand = 0;
}


/* Without signers all stays that can be read. */

static int
adopt_stays(control_t *ctl, adopt_t *t)
{
    head_t  *head;

    head = &t->stream.head;

    /* the last element may be no entry */

    if (t->stream.broken && head->seq == 0
        && head_newest(ctl, head) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    if (ctl->trust.signers) {
        return adopt_verify(ctl, t);
    }

    t->stays = *head;

    return root_of_records(ctl);
}


/*
 * The new entry is linked to what stands before it, good or bad.  But its chain
 * is that of what stays, or where nothing does the one that is known here: that
 * of the last entry is whatever somebody has written.
 */

static int
adopt_before(control_t *ctl, adopt_t *t)
{
    if (t->stream.head.seq) {
        t->head = t->stream.head;

        if (ctl->trust.signers && t->stays.seq) {
            memcpy(t->head.chain, t->stays.chain, sizeof(t->head.chain));
        }

        /* what --known names on a machine that remembers nothing */

        if (*t->known.chain == '\0') {
            memcpy(t->known.chain, t->head.chain, sizeof(t->head.chain));

        } else if (ctl->trust.signers && t->stays.seq == 0) {
            memcpy(t->head.chain, t->known.chain, sizeof(t->head.chain));
        }

        return STATUS_DONE;
    }

    if (t->known.seq && *t->known.chain) {
        t->head = t->known;
        return STATUS_DONE;
    }

    return error_set(&ctl->error, STATUS_FAILED, "chain_unknown",
                     t->stream.there ? "rename that key with RENAME, and run "
                                       "\"paylock-admin init\""
                                     : "run \"paylock-admin init\", which "
                                       "makes one",
                     "there is no audit trail in Redis at %s to adopt, "
                     "and none is known here", ctl->settings.where);
}


static int
adopt_what(control_t *ctl, adopt_t *t)
{
    int               holds;
    paylock_adopt_t  *w;

    w = &t->what;
    memset(w, 0, sizeof(paylock_adopt_t));

    w->seq = t->stays.seq;
    memcpy(w->stays, t->stays.hash, sizeof(w->stays));

    if (adopt_holds(ctl, t, &holds) != STATUS_DONE) {
        return ctl->error.status;
    }

    memcpy(w->chain, holds ? t->head.chain : t->known.chain, sizeof(w->chain));

    if (!holds) {
        adopt_last(t, t->known.seq, t->known.hash);
    }

    if (t->stream.head.seq > t->stays.seq) {
        adopt_last(t, t->stream.head.seq, t->stream.head.hash);
    }

    if (t->stream.last > t->stays.seq) {
        adopt_last(t, t->stream.last, adopt_zeros);
    }

    adopt_pins(ctl, t);

    if (adopt_told(ctl, t) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (w->last) {
        w->first = adopt_first(t);
    }

    if (w->last == 0) {
        memset(w->chain, 0, sizeof(w->chain));
    }

    if (adopt_pinned(ctl, t) != STATUS_DONE) {
        return ctl->error.status;
    }

    t->head.seq = paylock_adopt_seq(w) - 1;

    return entry_room(ctl, &t->head) == STATUS_DONE ? adopt_skip(ctl, t)
                                                    : ctl->error.status;
}


/* Without signers the trail that stays may be a broken one. */

static int
adopt_skip(control_t *ctl, const adopt_t *t)
{
    if (skip_begin(ctl, &t->stays, t->head.seq + 1, 1) == STATUS_DONE) {
        return STATUS_DONE;
    }

    if (ctl->trust.signers) {
        return ctl->error.status;
    }

    paylock_skip_from(&ctl->skip, 0, NULL);

    return STATUS_DONE;
}


/* A node may know another past, of numbers that were used again. */

static int
adopt_told(control_t *ctl, adopt_t *t)
{
    int  there;

    if (t->told.seq == 0 || t->what.last || t->told.seq > t->stays.seq) {
        return STATUS_DONE;
    }

    if (adopt_there(ctl, &t->told, &there) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (!there) {
        memcpy(t->what.chain, t->stays.chain, sizeof(t->what.chain));
        adopt_last(t, t->told.seq, t->told.hash);
    }

    return STATUS_DONE;
}


/*
 * Where does it begin that is given up?  If it is another past of the chain
 * that stays, of the same numbers, only its last entry is known.
 */

static uint64_t
adopt_first(const adopt_t *t)
{
    return strcmp(t->what.chain, t->stays.chain) != 0 ? 1
           : t->what.last > t->stays.seq ? t->stays.seq + 1 : t->what.last;
}


/* Is what is known a part of what stays? */

static int
adopt_holds(control_t *ctl, const adopt_t *t, int *holds)
{
    *holds = t->known.seq == 0;

    if (t->known.seq == 0 || t->known.seq > t->stays.seq
        || strcmp(t->known.chain, t->stays.chain) != 0)
    {
        return STATUS_DONE;
    }

    return adopt_there(ctl, &t->known, holds);
}


/* Is it in the stream, or archived, as far as that can be told? */

static int
adopt_there(control_t *ctl, const head_t *head, int *there)
{
    char         hash[PAYLOCK_HASH_LEN + 1];
    const char  *peak;
    archived_t   found;

    if (head_hash(ctl, head->seq, hash) != STATUS_DONE) {
        return ctl->error.status;
    }

    *there = strcmp(hash, head->hash) == 0;

    if (*hash != '\0') {
        return STATUS_DONE;
    }

    if (archived_here(ctl, &found) != STATUS_DONE) {
        return ctl->error.status;
    }

    peak = paylock_archive_hash(&found.archive, head->seq);

    *there = found.entry && head->seq <= found.archive.seq
             && (peak == NULL
                 || memcmp(peak, head->hash, PAYLOCK_HASH_LEN) == 0);

    return STATUS_DONE;
}


static void
adopt_last(adopt_t *t, uint64_t seq, const char *hash)
{
    if (seq > t->what.last) {
        t->what.last = seq;
        memcpy(t->what.hash, hash, PAYLOCK_HASH_LEN + 1);
    }
}


/* The entries that the signers file names; NULL: there are no more. */

static const paylock_pin_t *
adopt_pin(const paylock_signers_t *s, size_t n)
{
    return s == NULL ? NULL
           : n < s->n ? &s->signer[n].until
                      : n - s->n < s->n_pins ? &s->pin[n - s->n] : NULL;
}


/*
 * What the signers file names of that chain and does not stay is given up, too.
 */

static void
adopt_pins(const control_t *ctl, adopt_t *t)
{
    size_t                i;
    const paylock_pin_t  *pin;

    for (i = 0; (pin = adopt_pin(ctl->trust.signers, i)) != NULL; i++) {

        if (pin->seq > t->stays.seq
            && (pin->chain[0] == '\0'
                || strcmp(pin->chain, t->what.chain) == 0))
        {
            adopt_last(t, pin->seq, pin->hash);
        }
    }
}


/* Whoever has such a signers file would not believe the new entry. */

static int
adopt_pinned(control_t *ctl, const adopt_t *t)
{
    size_t                i;
    const paylock_pin_t  *pin;

    for (i = 0; (pin = adopt_pin(ctl->trust.signers, i)) != NULL; i++) {

        if (pin->seq > t->stays.seq
            && !paylock_verify_excuses(&t->what, t->head.chain, pin))
        {
            return error_set(&ctl->error, STATUS_FAILED, "pinned",
                             "if that entry is lost for good, take it out of "
                             "the signers file on each machine",
                             "line %u of the signers file \"%s\" names entry "
                             "%" PRIu64 " of another chain than what this "
                             "would give up", pin->line, ctl->signers.path,
                             pin->seq);
        }
    }

    return STATUS_DONE;
}


/* Says the same to people. */

static void
adopt_say(adopt_t *t)
{
    char                    stays[64];
    size_t                  len;
    const paylock_adopt_t  *w;

    w = &t->what;
    paylock_adopt_write(w, t->lost, t->resumes);

    (void) snprintf(stays, sizeof(stays), w->seq ? "entry %" PRIu64 " stays"
                                                 : "no entry stays", w->seq);

    if (w->last == 0) {
        (void) snprintf(t->reason, sizeof(t->reason),
                        "%s; nothing is given up", stays);

    } else if (w->first == w->last) {
        (void) snprintf(t->reason, sizeof(t->reason), "%s; entry %" PRIu64
                        " of chain %s is given up", stays, w->last, w->chain);

    } else {
        (void) snprintf(t->reason, sizeof(t->reason), "%s; entries %" PRIu64
                        "-%" PRIu64 " of chain %s are given up", stays,
                        w->first, w->last, w->chain);
    }

    len = strlen(t->reason);

    if (t->over_hand) {
        (void) snprintf(t->reason + len, sizeof(t->reason) - len, "; entry %"
                        PRIu64 " went on from a record that somebody had "
                        "written by hand", t->over_hand);
    }

    entry_set(&t->entry.e, PAYLOCK_AUDIT_REASON, t->reason);
    entry_set(&t->entry.e, PAYLOCK_AUDIT_LOST, t->lost);
    entry_set(&t->entry.e, PAYLOCK_AUDIT_RESUMES, t->resumes);

    t->entry.record = t->restore;
    t->entry.n_records = t->n_restore;
}
