
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "trail/trail.h"
#include "trail/trust.h"


typedef struct {
    paylock_verify_t  *v;
    uint64_t           last;
    trust_each_pt      each;
    void              *data;

    /* what stands last, be it good or not */

    char               hash[PAYLOCK_HASH_LEN + 1];
} trust_walk_t;


static int trust_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int trust_to(admin_t *a, const head_t *head);
static void trust_lost(admin_t *a, const paylock_keyring_t *known);
static void trust_reached(paylock_verify_t *v, const head_t *head);
static int trust_fault(admin_t *a);


int
trust_walk(admin_t *a, paylock_verify_t *v, uint64_t last, trust_each_pt each,
    void *data)
{
    trust_walk_t  walk;

    walk.v = v;
    walk.last = last;
    walk.each = each;
    walk.data = data;
    strcpy(walk.hash, v->hash);

    return trail_from(a, v->seq + 1, trust_entry, &walk);
}


static int
trust_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    int            good;
    trust_walk_t  *walk;

    (void) id;

    walk = data;

    if (why) {

        if (walk->v->fault.kind == PAYLOCK_FAULT_NONE) {
            (void) paylock_verify_unreadable(walk->v, why);
        }

        return 1;
    }

    good = (walk->v->fault.kind == PAYLOCK_FAULT_NONE
            && paylock_verify_entry(walk->v, e) == 0)
           || paylock_verify_adopt(walk->v, e, walk->hash) == 0;

    if (good && walk->each) {
        walk->each(walk->data, e);
    }

    memcpy(walk->hash, e->field[PAYLOCK_AUDIT_HASH].data, PAYLOCK_HASH_LEN);

    return walk->last == 0 || e->seq < walk->last;
}


int
trust_signer(admin_t *a)
{
    if (a->trust.genesis[0] == '\0') {

        if (signer_there(a)) {
            admin_warn(a, "unsigned", "", "run \"paylock-admin key add\" with "
                       "your public key, to sign it from then on",
                       "the audit trail of Redis at %s is not signed, and your "
                       "key is not used", a->settings.where);
        }

        return STATUS_DONE;
    }

    return signer_need(a);
}


int
trust_follow(admin_t *a, const stream_t *s)
{
    int                status;
    char               hash[PAYLOCK_HASH_LEN + 1];
    const head_t      *head;
    paylock_verify_t   known, *v;

    v = &a->trust;
    head = &s->head;

    if (v->genesis[0] == '\0') {
        return s->keyed
               ? problem_set(&a->problem, STATUS_FAILED, "chain_signed",
                             "run \"paylock-admin init\", which shows by which "
                             "key", "the audit trail of Redis at %s is signed "
                             "now, which is not known here", a->settings.where)
               : STATUS_DONE;
    }

    if (v->seq == head->seq && strcmp(v->hash, head->hash) == 0) {
        return STATUS_DONE;
    }

    if (head_hash(a, v->seq, hash) != STATUS_DONE) {
        return a->problem.status;
    }

    if (strcmp(hash, v->hash) == 0) {
        return trust_to(a, head);
    }

    /* adopted since, behind a loss: what counts is what is there */

    known = *v;
    paylock_verify_begin(v, known.chain, known.genesis);
    paylock_verify_known(v, &known.ring, known.seq);

    status = trust_to(a, head);

    v->known = NULL;
    trust_lost(a, &known.ring);
    paylock_verify_free(&known);

    return status;
}


static int
trust_to(admin_t *a, const head_t *head)
{
    paylock_verify_t  *v;

    v = &a->trust;

    if (trust_walk(a, v, head->seq, NULL, NULL) != STATUS_DONE) {
        return a->problem.status;
    }

    if (v->fault.kind == PAYLOCK_FAULT_NONE && paylock_verify_end(v) == 0) {
        trust_reached(v, head);
    }

    return v->fault.kind == PAYLOCK_FAULT_NONE ? STATUS_DONE : trust_fault(a);
}


/* Keys that count again since the entries that revoked them are lost. */

static void
trust_lost(admin_t *a, const paylock_keyring_t *known)
{
    char                  mend[128];
    size_t                i;
    const paylock_key_t  *key, *was;

    for (i = 0; i < a->trust.ring.n; i++) {
        key = &a->trust.ring.key[i];
        was = paylock_keyring_find(known, key->hex);

        if (was == NULL || was->revoked == 0 || key->revoked
            || (was->revoked <= key->added && key->added != a->trust.begun))
        {
            continue;
        }

        (void) snprintf(mend, sizeof(mend), "run \"paylock-admin key revoke "
                        "%s\"", key->hex);
        admin_warn(a, "key", "", mend, "the key %s counts again: entry %"
                   PRIu64 ", which revoked it, is missing", key->hex,
                   was->revoked);
    }
}


/* The next entry stands on this head: it must be what was just verified. */

static void
trust_reached(paylock_verify_t *v, const head_t *head)
{
    if (v->seq != head->seq || strcmp(v->hash, head->hash) != 0) {
        (void) paylock_verify_bad(v, PAYLOCK_FAULT_FORK, head->seq,
                                  "entry %" PRIu64 " is shown as the last "
                                  "one, but does not stand in its place",
                                  head->seq);
    }
}


static int
trust_fault(admin_t *a)
{
    return problem_set(&a->problem, STATUS_FAILED, "chain_forged",
                       "see what \"paylock-admin audit verify\" says, and find "
                       "out who did that; if this Redis is to be the truth "
                       "from now on, run \"paylock-admin adopt\"",
                       "the audit trail \"%s\" in Redis at %s is not to be "
                       "carried on: %s", a->settings.audit, a->settings.where,
                       a->trust.fault.text);
}


int
trust_counts(admin_t *a)
{
    const paylock_key_t     *key;
    const paylock_verify_t  *v;

    v = &a->trust;

    if (v->genesis[0] == '\0') {
        return STATUS_DONE;
    }

    key = paylock_keyring_find(&v->ring, a->signer.public);

    /* of a trail that is gone only its first key is left */

    if (v->begun ? key && key->revoked == 0
                 : strcmp(v->genesis, a->signer.public) == 0)
    {
        return STATUS_DONE;
    }

    return problem_set(&a->problem, STATUS_FAILED, "key_unknown",
                       v->begun
                       ? "let somebody whose key counts run \"paylock-admin "
                         "key add\" with it"
                       : "let the one whose key began the trail adopt it",
                       key ? "your key %s does not count: entry %" PRIu64
                             " revoked it"
                           : "your key %s does not count in this audit trail",
                       a->signer.public, key ? key->revoked : 0);
}


int
trust_learn(admin_t *a, const stream_t *s)
{
    paylock_verify_t  *v;

    v = &a->trust;

    paylock_verify_free(v);
    paylock_verify_begin(v, s->head.chain, NULL);

    if (trust_walk(a, v, s->head.seq, NULL, NULL) != STATUS_DONE) {
        return a->problem.status;
    }

    if (v->fault.kind == PAYLOCK_FAULT_NONE && paylock_verify_end(v) == 0) {
        trust_reached(v, &s->head);
    }

    return v->fault.kind == PAYLOCK_FAULT_NONE
           || (v->genesis[0] == '\0' && !s->keyed) ? STATUS_DONE
                                                   : trust_fault(a);
}


void
trust_text(const admin_t *a, char text[TRUST_TEXT])
{
    const paylock_verify_t  *v;

    v = &a->trust;

    if (v->genesis[0]) {
        (void) snprintf(text, TRUST_TEXT, "signed since entry %" PRIu64
                        " by the key %s", v->begun, v->genesis);
    } else {
        (void) snprintf(text, TRUST_TEXT, "not signed");
    }
}


int
trust_begin(admin_t *a, const head_t *head)
{
    paylock_verify_t  *v;

    v = &a->trust;

    paylock_verify_free(v);
    paylock_verify_begin(v, head->chain, a->signer.public);

    if (paylock_keyring_add(&v->ring, a->signer.public, head->seq) == NULL) {
        return admin_memory(a);
    }

    v->begun = head->seq;
    trust_at(a, head);

    return STATUS_DONE;
}


void
trust_at(admin_t *a, const head_t *head)
{
    a->trust.seq = head->seq;
    a->trust.covered = head->seq;
    a->trust.row.seq = 0;
    a->trust.fault.kind = PAYLOCK_FAULT_NONE;
    strcpy(a->trust.hash, head->hash);
}


int
trust_adopted(admin_t *a, const head_t *head)
{
    if (a->trust.genesis[0] && !a->trust.begun) {
        return trust_begin(a, head);
    }

    trust_at(a, head);

    return STATUS_DONE;
}


void
trust_take(admin_t *a, paylock_verify_t *v)
{
    paylock_verify_free(&a->trust);

    a->trust = *v;
    a->trust.known = NULL;
    a->trust.witness = NULL;
    a->trust.n_witnesses = 0;
    a->trust.next = 0;

    memset(&v->ring, 0, sizeof(paylock_keyring_t));
}


void
trust_warn(const admin_t *a)
{
    if (a->trust.genesis[0] == '\0') {
        admin_warn(a, "unsigned", "", "make a key with \"paylock-admin "
                   "keygen\", and run \"paylock-admin key add\" with what it "
                   "prints",
                   "the entries of the audit trail of Redis at %s are not "
                   "signed: who may write to Redis may forge them",
                   a->settings.where);
    }
}
