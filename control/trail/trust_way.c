
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "trail/trail.h"
#include "trail/trust_way.h"


#define WAY_MOST  10000                /* entries that are read for it */


typedef struct {
    control_t  *ctl;
    uint64_t    to;
    int         status;
} way_walk_t;


static int way_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int way_keep(control_t *ctl);
static int way_order(const void *one, const void *two);


int
trust_way(control_t *ctl, uint64_t seq)
{
    int         status;
    way_t      *way;
    way_walk_t  walk;

    way = &ctl->way;

    if (way->top < seq) {
        trust_way_free(way);
        way->top = ctl->trust.seq;
        way->at.seq = ctl->trust.seq;
        memcpy(way->at.hash, ctl->trust.hash, sizeof(way->at.hash));
    }

    if (way->at.seq < seq || way->ends || way->read >= WAY_MOST) {
        return STATUS_DONE;
    }

    walk.ctl = ctl;
    walk.to = seq;
    walk.status = STATUS_DONE;

    status = trail_before(ctl, way->at.seq, way_entry, &walk);

    return status == STATUS_DONE ? walk.status : status;
}


static int
way_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    way_t       *way;
    way_walk_t  *walk;
    trust_way_e  rc;

    (void) id;

    walk = data;
    way = &walk->ctl->way;
    way->read++;

    /* what was given up may be no entry at all */

    if (why || e->seq > way->at.seq) {
        return way->read < WAY_MOST;
    }

    walk->status = way_keep(walk->ctl);
    rc = trust_way_step(&way->at, e);
    way->ends = rc == TRUST_WAY_OFF;

    return walk->status == STATUS_DONE && !way->ends
           && way->at.seq >= walk->to && way->read < WAY_MOST;
}


/* Keeps the hash that belongs at this place, whatever stands there. */

static int
way_keep(control_t *ctl)
{
    way_t     *way;
    way_at_t  *more;

    way = &ctl->way;

    if (way->n == way->room) {
        more = realloc(way->hash, (2 * way->room + 128) * sizeof(way_at_t));

        if (more == NULL) {
            return control_no_memory(ctl);
        }

        way->hash = more;
        way->room = 2 * way->room + 128;
    }

    way->hash[way->n++] = way->at;

    return STATUS_DONE;
}


trust_way_e
trust_way_step(way_at_t *at, const paylock_entry_t *e)
{
    paylock_adopt_t  adopt;

    if (e->seq > at->seq) {
        return TRUST_WAY_FAR;
    }

    if (e->seq < at->seq || paylock_entry_intact(e) != 1
        || memcmp(e->field[PAYLOCK_AUDIT_HASH].data, at->hash,
                  PAYLOCK_HASH_LEN) != 0)
    {
        return TRUST_WAY_OFF;
    }

    at->seq = e->seq - 1;
    memcpy(at->hash, e->field[PAYLOCK_AUDIT_PREV].data, PAYLOCK_HASH_LEN);

    if (paylock_verify_is(e, "adopt")) {

        if (paylock_adopt_read(e, &adopt) != NULL) {
            return TRUST_WAY_OFF;
        }

        at->seq = adopt.seq;
        memcpy(at->hash, adopt.stays, PAYLOCK_HASH_LEN);
    }

    return TRUST_WAY_ON;
}


trust_way_e
trust_way_has(const control_t *ctl, const paylock_entry_t *e)
{
    way_at_t         key;
    const way_t     *way;
    const way_at_t  *found;

    way = &ctl->way;
    key.seq = e->seq;

    found = way->n ? bsearch(&key, way->hash, way->n, sizeof(way_at_t),
                             way_order)
                   : NULL;

    if (found) {
        return memcmp(found->hash, e->field[PAYLOCK_AUDIT_HASH].data,
                      PAYLOCK_HASH_LEN)
               == 0;
    }

    return e->seq > way->at.seq || way->ends ? TRUST_WAY_OFF : TRUST_WAY_FAR;
}


/* Later ones come first. */

static int
way_order(const void *one, const void *two)
{
    const way_at_t  *a = one, *b = two;

    return a->seq > b->seq ? -1 : a->seq < b->seq;
}


int
trust_way_sure(const control_t *ctl, const paylock_entry_t *e)
{
    const paylock_str_t     *key;
    const paylock_signer_t  *signer;

    key = &e->field[PAYLOCK_AUDIT_KEY];
    signer = key->len && ctl->trust.signers
             ? paylock_signers_find(ctl->trust.signers, key->data) : NULL;

    return signer && signer->may == 0 && signer->until.seq == 0;
}


void
trust_way_free(way_t *way)
{
    free(way->hash);
    memset(way, 0, sizeof(way_t));
}
