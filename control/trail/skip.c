
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <string.h>

#include "trail/archived.h"
#include "trail/head.h"
#include "trail/skip.h"
#include "trail/trail.h"


/* The search for the entry with a hash. */

typedef struct {
    const char  *hash;
    head_t       found;                /* seq 0: not yet */
} skip_search_t;


static uint64_t skip_last(uint64_t behind, uint64_t first, size_t n);
static int skip_down(control_t *ctl, archived_t *a, head_t *at,
    uint64_t target);
static int skip_find(control_t *ctl, archived_t *a, uint64_t from,
    const char *hash, head_t *found);
static int skip_archived(control_t *ctl, archived_t *a, const char *hash,
    head_t *found);
static void skip_peak(const archived_t *a, uint64_t target, head_t *at);
static int skip_look(void *data, const char *id, const paylock_entry_t *e,
    const char *why);


int
skip_begin(control_t *ctl, const head_t *behind, uint64_t first, size_t n)
{
    head_t      at[PAYLOCK_SKIP_MAX], now;
    size_t      i;
    uint64_t    target, last;
    archived_t  archived;

    i = 0;
    now = *behind;
    archived.entry = 0;
    last = skip_last(behind->seq, first, n);

    for (target = behind->seq;
         target != 0 && target >= last;
         target = paylock_skip_target(target))
    {
        if (skip_down(ctl, &archived, &now, target) != STATUS_DONE) {
            return ctl->error.status;
        }

        if (now.seq && (i == 0 || now.seq != at[i - 1].seq)) {
            at[i++] = now;
        }
    }

    paylock_skip_from(&ctl->skip, 0, NULL);
    ctl->skip.open = target != 0 && now.seq != 0;

    while (i--) {
        paylock_skip_add(&ctl->skip, at[i].seq, at[i].hash);
    }

    return STATUS_DONE;
}


/* The lowest entry, up to that one, to which one of the n may lead. */

static uint64_t
skip_last(uint64_t behind, uint64_t first, size_t n)
{
    uint64_t  last, seq, target;

    last = behind;

    for (seq = first; seq - first < n; seq++) {
        target = paylock_skip_target(seq);
        last = target && target < last ? target : last;
    }

    return last;
}


/* Goes on from an entry to the last one that is not above the target. */

static int
skip_down(control_t *ctl, archived_t *a, head_t *at, uint64_t target)
{
    head_t  next;

    while (at->seq > target) {

        if (*at->skip == '\0' && a->entry == 0
            && skip_find(ctl, a, at->seq, at->hash, at) != STATUS_DONE)
        {
            return ctl->error.status;
        }

        if (a->entry && at->seq <= a->archive.seq) {
            skip_peak(a, target, at);
            return STATUS_DONE;
        }

        memset(&next, 0, sizeof(head_t));

        if (strspn(at->skip, "0") != PAYLOCK_HASH_LEN
            && skip_find(ctl, a, paylock_skip_target(at->seq), at->skip, &next)
               != STATUS_DONE)
        {
            return ctl->error.status;
        }

        *at = next;
    }

    return STATUS_DONE;
}


/* Up to "from" it is the last one, but for what was given up. */

static int
skip_find(control_t *ctl, archived_t *a, uint64_t from, const char *hash,
    head_t *found)
{
    redisReply       *reply;
    skip_search_t     s;
    paylock_entry_t   e;

    memset(&s, 0, sizeof(skip_search_t));
    s.hash = hash;

    if (head_entry_read(ctl, from, &reply, &e) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (reply) {
        (void) skip_look(&s, NULL, &e, NULL);
        freeReplyObject(reply);
    }

    if (s.found.seq == 0
        && trail_before(ctl, from, skip_look, &s) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    if (s.found.seq) {
        *found = s.found;
        return STATUS_DONE;
    }

    if (skip_archived(ctl, a, hash, found) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (a->entry) {
        return STATUS_DONE;
    }

    return error_set(&ctl->error, STATUS_FAILED, "chain_broken",
                     "see what \"paylock-admin audit verify\" says, and find "
                     "out who did that; if this Redis is to be the truth "
                     "from now on, run \"paylock-admin adopt\"",
                     "the audit trail \"%s\" in Redis at %s does not hold the "
                     "entry up to %" PRIu64 " to which later ones lead",
                     ctl->settings.audit, ctl->settings.where, from);
}


/* Is it one of those of which the entry "archive" tells?  Else entry is 0. */

static int
skip_archived(control_t *ctl, archived_t *a, const char *hash, head_t *found)
{
    size_t                    i;
    const paylock_skip_at_t  *at;

    if (archived_here(ctl, a) != STATUS_DONE) {
        return ctl->error.status;
    }

    for (i = 0; a->entry && i < a->archive.skip.n; i++) {
        at = &a->archive.skip.at[i];

        if (memcmp(at->hash, hash, PAYLOCK_HASH_LEN) == 0) {
            memset(found, 0, sizeof(head_t));
            found->seq = at->seq;
            memcpy(found->hash, at->hash, PAYLOCK_HASH_LEN);
            return STATUS_DONE;
        }
    }

    a->entry = 0;

    return STATUS_DONE;
}


/* The last of them that is not above the target; seq 0: there is none. */

static void
skip_peak(const archived_t *a, uint64_t target, head_t *at)
{
    size_t  i;

    memset(at, 0, sizeof(head_t));

    for (i = a->archive.skip.n; i; i--) {

        if (a->archive.skip.at[i - 1].seq <= target) {
            at->seq = a->archive.skip.at[i - 1].seq;
            memcpy(at->hash, a->archive.skip.at[i - 1].hash,
                   PAYLOCK_HASH_LEN);
            return;
        }
    }
}


static int
skip_look(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    skip_search_t        *s;
    const paylock_str_t  *f;

    (void) id;

    s = data;
    f = e->field;

    if (why || memcmp(f[PAYLOCK_AUDIT_HASH].data, s->hash, PAYLOCK_HASH_LEN)
               != 0
        || paylock_entry_intact(e) != 1)
    {
        return 1;
    }

    head_of(e, &s->found);

    return 0;
}
