
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "trail/root.h"
#include "trail/trail.h"
#include "trail/vouched.h"


/* So many entries are read again and again, before what they did is saved. */

#define VOUCHED_ENTRIES  500
#define VOUCHED_OWN      100000        /* of one that goes on and on */


/* From what is remembered to the head. */

typedef struct {
    control_t  *ctl;
    uint64_t    head;
    int         status;
    unsigned    good:1;
} vouched_walk_t;


static int vouched_follow(control_t *ctl, const head_t *head);
static int vouched_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int vouched_drop(control_t *ctl, const paylock_entry_t *e);
static int vouched_has(const vouched_t *v,
    const unsigned char pair[PAYLOCK_PAIR], size_t *i);


int
vouched_record(control_t *ctl, const head_t *head, const paylock_str_t *host,
    const paylock_str_t *record, int *vouched)
{
    size_t          i;
    vouched_t      *v;
    unsigned char   pair[PAYLOCK_PAIR];

    v = &ctl->vouched;
    *vouched = 0;

    if (root_pair(ctl, host, record, pair) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (v->seq == 0 && v->hashed == 0) {
        vouched_load(ctl, head->chain);
    }

    if (vouched_follow(ctl, head) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (!vouched_has(v, pair, &i) && v->hashed != head->seq
        && vouched_learn(ctl, head) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    *vouched = vouched_has(v, pair, &i);

    return STATUS_DONE;
}


/* The way is proven by hashes alone, since the head is known to be good. */

static int
vouched_follow(control_t *ctl, const head_t *head)
{
    int             status;
    uint64_t        most;
    vouched_t      *v;
    vouched_walk_t  walk;

    v = &ctl->vouched;

    if (v->seq == 0
        || (v->seq == head->seq && strcmp(v->hash, head->hash) == 0))
    {
        return STATUS_DONE;
    }

    memset(&walk, 0, sizeof(vouched_walk_t));
    walk.ctl = ctl;
    walk.head = head->seq;

    most = v->followed ? VOUCHED_OWN : VOUCHED_ENTRIES;
    status = trail_after(ctl, v->seq, vouched_entry, &walk);

    if (status == STATUS_DONE) {
        status = walk.status;
    }

    if (status != STATUS_DONE || !walk.good
        || strcmp(v->hash, head->hash) != 0)
    {
        vouched_free(v);

    } else if (v->followed >= most) {
        vouched_save(ctl);
    }

    return status;
}


/* An adopt may put back records of before. */

static int
vouched_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    vouched_t       *v;
    vouched_walk_t  *walk;

    (void) id;

    walk = data;
    v = &walk->ctl->vouched;

    if (why || e->seq > walk->head || paylock_entry_intact(e) != 1
        || memcmp(e->field[PAYLOCK_AUDIT_PREV].data, v->hash,
                  PAYLOCK_HASH_LEN) != 0
        || paylock_verify_is(e, "adopt"))
    {
        return 0;
    }

    walk->status = vouched_drop(walk->ctl, e);

    v->followed++;
    v->seq = e->seq;
    memcpy(v->hash, e->field[PAYLOCK_AUDIT_HASH].data, PAYLOCK_HASH_LEN);

    walk->good = e->seq == walk->head;

    return walk->status == STATUS_DONE && !walk->good;
}


static int
vouched_drop(control_t *ctl, const paylock_entry_t *e)
{
    size_t          i;
    vouched_t      *v;
    unsigned char   pair[PAYLOCK_PAIR];

    v = &ctl->vouched;

    if (!paylock_entry_writes(e) || e->field[PAYLOCK_AUDIT_BEFORE].len == 0) {
        return STATUS_DONE;
    }

    if (root_pair(ctl, &e->field[PAYLOCK_AUDIT_HOST],
                  &e->field[PAYLOCK_AUDIT_BEFORE], pair) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    if (vouched_has(v, pair, &i)) {
        v->gone[i / 8] |= (unsigned char) (1 << (i & 7));
    }

    return STATUS_DONE;
}


static int
vouched_has(const vouched_t *v, const unsigned char pair[PAYLOCK_PAIR],
    size_t *i)
{
    const unsigned char  (*found)[VOUCHED_PAIR];

    found = v->n ? bsearch(pair, v->pair, v->n, VOUCHED_PAIR, vouched_order)
                 : NULL;
    *i = found ? (size_t) (found - v->pair) : 0;

    return found && !vouched_gone(v, *i);
}


int
vouched_order(const void *one, const void *two)
{
    return memcmp(one, two, VOUCHED_PAIR);
}
