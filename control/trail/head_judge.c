
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Does the stream go on from what this machine remembers?
 */


#include <inttypes.h>
#include <string.h>

#include "trail/archived.h"
#include "trail/head.h"
#include "trail/trail.h"


#define HEAD_ADOPT  "find out what happened to this Redis; if it is to be "   \
                    "the truth from now on, run \"paylock-admin adopt\""


typedef struct {
    uint64_t  known;
    int       adopted;
} head_adopted_t;


static int head_walk(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int head_gone(control_t *ctl, const head_t *known);
static int head_differs(control_t *ctl, const char *what);


int
head_sound(control_t *ctl, const stream_t *s)
{
    if (s->broken) {
        return error_set(&ctl->error, STATUS_FAILED, "chain_broken",
                         HEAD_ADOPT, "the last entry of the audit trail "
                         "\"%s\" in Redis at %s %s", ctl->settings.audit,
                         ctl->settings.where, s->broken);
    }

    return s->lost ? head_differs(ctl, "has lost its last entry") : STATUS_DONE;
}


int
head_judge(control_t *ctl, const head_t *known, const stream_t *s)
{
    char            hash[PAYLOCK_HASH_LEN + 1];
    head_adopted_t  adopted;

    if (known->seq == 0) {
        return error_set(&ctl->error, STATUS_FAILED, "chain_unknown",
                         "run \"paylock-admin init\" first",
                         "no audit trail of Redis at %s is known here",
                         ctl->settings.where);
    }

    if (head_sound(ctl, s) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (s->head.seq == 0) {
        return head_differs(ctl, "is gone");
    }

    /* with signers trust_follow() looks whether one gave up the other chain */

    if (strcmp(s->head.chain, known->chain) != 0) {
        return ctl->trust.signers
               ? STATUS_DONE
               : head_differs(ctl, "is of another chain than the one known "
                              "here");
    }

    if (s->head.seq < known->seq) {
        return head_differs(ctl, "ends before the entry last seen from here");
    }

    if (s->head.seq == known->seq) {
        strcpy(hash, s->head.hash);

    } else if (head_hash(ctl, known->seq, hash) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (strcmp(hash, known->hash) == 0) {
        return STATUS_DONE;
    }

    adopted.known = known->seq;
    adopted.adopted = 0;

    if (trail_backwards(ctl, head_walk, &adopted) != STATUS_DONE) {
        return ctl->error.status;
    }

    return adopted.adopted ? STATUS_DONE : head_gone(ctl, known);
}


/* What is archived need not be there. */

static int
head_gone(control_t *ctl, const head_t *known)
{
    const char  *hash;
    archived_t   found;

    if (archived_here(ctl, &found) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (found.entry && known->seq <= found.archive.seq) {
        hash = paylock_archive_hash(&found.archive, known->seq);

        if (hash == NULL || memcmp(hash, known->hash, PAYLOCK_HASH_LEN) == 0) {
            return STATUS_DONE;
        }
    }

    return head_differs(ctl, "does not hold the entry last seen from here");
}


/* An "adopt" after the known head excuses all that is before it. */

static int
head_walk(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    head_adopted_t       *adopted;
    const paylock_str_t  *action;

    (void) id;

    adopted = data;
    action = &e->field[PAYLOCK_AUDIT_ACTION];

    if (why || e->seq <= adopted->known) {
        return 0;
    }

    adopted->adopted = action->len == sizeof("adopt") - 1
                       && memcmp(action->data, "adopt", action->len) == 0
                       && paylock_entry_intact(e) == 1;

    return !adopted->adopted;
}


static int
head_differs(control_t *ctl, const char *what)
{
    return error_set(&ctl->error, STATUS_FAILED, "chain_differs", HEAD_ADOPT,
                     "the audit trail \"%s\" in Redis at %s %s",
                     ctl->settings.audit, ctl->settings.where, what);
}
