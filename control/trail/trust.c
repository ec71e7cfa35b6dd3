
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

    /* hash of the last entry, even if it is bad */

    char               hash[PAYLOCK_HASH_LEN + 1];
} trust_walk_t;


static int trust_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int trust_to(control_t *ctl, const head_t *head);
static void trust_lost(control_t *ctl, const paylock_keyring_t *known);
static void trust_reached(paylock_verify_t *v, const head_t *head);
static int trust_fault(control_t *ctl);


int
trust_walk(control_t *ctl, paylock_verify_t *v, uint64_t last,
    trust_each_pt each, void *data)
{
    trust_walk_t  walk;

    walk.v = v;
    walk.last = last;
    walk.each = each;
    walk.data = data;
    strcpy(walk.hash, v->hash);

    return trail_from(ctl, v->seq + 1, trust_entry, &walk);
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
trust_signer(control_t *ctl)
{
    if (ctl->trust.genesis[0] == '\0') {

        if (signer_there(&ctl->settings)) {
            control_warn(ctl, "unsigned", "",
                         "run \"paylock-admin key add\" with "
                         "your public key, to sign it from then on",
                         "the audit trail of Redis at %s is not signed, and "
                         "your key is not used", ctl->settings.where);
        }

        return STATUS_DONE;
    }

    return control_need_key(ctl);
}


int
trust_follow(control_t *ctl, const stream_t *s)
{
    int                status;
    char               hash[PAYLOCK_HASH_LEN + 1];
    const head_t      *head;
    paylock_verify_t   known, *v;

    v = &ctl->trust;
    head = &s->head;

    if (v->genesis[0] == '\0') {
        return s->keyed
               ? error_set(&ctl->error, STATUS_FAILED, "chain_signed",
                           "run \"paylock-admin init\", which shows by which "
                           "key", "the audit trail of Redis at %s is signed "
                           "now, which is not known here", ctl->settings.where)
               : STATUS_DONE;
    }

    if (v->seq == head->seq && strcmp(v->hash, head->hash) == 0) {
        return STATUS_DONE;
    }

    if (head_hash(ctl, v->seq, hash) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (strcmp(hash, v->hash) == 0) {
        return trust_to(ctl, head);
    }

    /* adopted after a loss: verify what is there, from the beginning */

    known = *v;
    paylock_verify_begin(v, known.chain, known.genesis);
    paylock_verify_known(v, &known.ring, known.seq);

    status = trust_to(ctl, head);

    v->known = NULL;
    trust_lost(ctl, &known.ring);
    paylock_verify_free(&known);

    return status;
}


static int
trust_to(control_t *ctl, const head_t *head)
{
    paylock_verify_t  *v;

    v = &ctl->trust;

    if (trust_walk(ctl, v, head->seq, NULL, NULL) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (v->fault.kind == PAYLOCK_FAULT_NONE && paylock_verify_end(v) == 0) {
        trust_reached(v, head);
    }

    return v->fault.kind == PAYLOCK_FAULT_NONE ? STATUS_DONE : trust_fault(ctl);
}


/* Warns of keys that are valid again, as their revocations were lost. */

static void
trust_lost(control_t *ctl, const paylock_keyring_t *known)
{
    char                  mend[128];
    size_t                i;
    const paylock_key_t  *key, *was;

    for (i = 0; i < ctl->trust.ring.n; i++) {
        key = &ctl->trust.ring.key[i];
        was = paylock_keyring_find(known, key->hex);

        if (was == NULL || was->revoked == 0 || key->revoked
            || (was->revoked <= key->added && key->added != ctl->trust.begun))
        {
            continue;
        }

        (void) snprintf(mend, sizeof(mend), "run \"paylock-admin key revoke "
                        "%s\"", key->hex);
        control_warn(ctl, "key", "", mend, "the key %s counts again: entry %"
                     PRIu64 ", which revoked it, is missing", key->hex,
                     was->revoked);
    }
}


/* The next entry follows this head, which must be the verified one. */

static void
trust_reached(paylock_verify_t *v, const head_t *head)
{
    if (v->seq != head->seq || strcmp(v->hash, head->hash) != 0) {
        (void) paylock_verify_bad(v, PAYLOCK_FAULT_FORK, head->seq,
                                  "entry %" PRIu64 " is shown as the last "
                                  "one, but is not in its place",
                                  head->seq);
    }
}


static int
trust_fault(control_t *ctl)
{
    return error_set(&ctl->error, STATUS_FAILED, "chain_forged",
                     "see what \"paylock-admin audit verify\" says, and find "
                     "out who did that; if this Redis is to be the truth "
                     "from now on, run \"paylock-admin adopt\"",
                     "the audit trail \"%s\" in Redis at %s must not be "
                     "continued: %s", ctl->settings.audit, ctl->settings.where,
                     ctl->trust.fault.text);
}


int
trust_counts(control_t *ctl)
{
    const paylock_key_t     *key;
    const paylock_verify_t  *v;

    v = &ctl->trust;

    if (v->genesis[0] == '\0') {
        return STATUS_DONE;
    }

    key = paylock_keyring_find(&v->ring, ctl->signer.public);

    /* of a lost trail only the first key is known */

    if (v->begun ? key && key->revoked == 0
                 : strcmp(v->genesis, ctl->signer.public) == 0)
    {
        return STATUS_DONE;
    }

    return error_set(&ctl->error, STATUS_FAILED, "key_unknown",
                     v->begun
                     ? "let somebody whose key counts run \"paylock-admin "
                       "key add\" with it"
                     : "let the one whose key began the trail adopt it",
                     key ? "your key %s does not count: entry %" PRIu64
                           " revoked it"
                         : "your key %s does not count in this audit trail",
                     ctl->signer.public, key ? key->revoked : 0);
}


int
trust_learn(control_t *ctl, const stream_t *s)
{
    paylock_verify_t  *v;

    v = &ctl->trust;

    paylock_verify_free(v);
    paylock_verify_begin(v, s->head.chain, NULL);

    if (trust_walk(ctl, v, s->head.seq, NULL, NULL) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (v->fault.kind == PAYLOCK_FAULT_NONE && paylock_verify_end(v) == 0) {
        trust_reached(v, &s->head);
    }

    return v->fault.kind == PAYLOCK_FAULT_NONE
           || (v->genesis[0] == '\0' && !s->keyed) ? STATUS_DONE
                                                   : trust_fault(ctl);
}


void
trust_text(const control_t *ctl, char text[TRUST_TEXT])
{
    const paylock_verify_t  *v;

    v = &ctl->trust;

    if (v->genesis[0]) {
        (void) snprintf(text, TRUST_TEXT, "signed since entry %" PRIu64
                        " by the key %s", v->begun, v->genesis);
    } else {
        (void) snprintf(text, TRUST_TEXT, "not signed");
    }
}


int
trust_begin(control_t *ctl, const head_t *head)
{
    paylock_verify_t  *v;

    v = &ctl->trust;

    paylock_verify_free(v);
    paylock_verify_begin(v, head->chain, ctl->signer.public);

    if (paylock_keyring_add(&v->ring, ctl->signer.public, head->seq) == NULL) {
        return control_no_memory(ctl);
    }

    v->begun = head->seq;
    trust_at(ctl, head);

    return STATUS_DONE;
}


void
trust_at(control_t *ctl, const head_t *head)
{
    ctl->trust.seq = head->seq;
    ctl->trust.covered = head->seq;
    ctl->trust.row.seq = 0;
    ctl->trust.fault.kind = PAYLOCK_FAULT_NONE;
    strcpy(ctl->trust.hash, head->hash);
}


int
trust_adopted(control_t *ctl, const head_t *head)
{
    if (ctl->trust.genesis[0] && !ctl->trust.begun) {
        return trust_begin(ctl, head);
    }

    trust_at(ctl, head);

    return STATUS_DONE;
}


void
trust_take(control_t *ctl, paylock_verify_t *v)
{
    paylock_verify_free(&ctl->trust);

    ctl->trust = *v;
    ctl->trust.known = NULL;
    ctl->trust.witness = NULL;
    ctl->trust.n_witnesses = 0;
    ctl->trust.next = 0;

    memset(&v->ring, 0, sizeof(paylock_keyring_t));
}


void
trust_warn(const control_t *ctl)
{
    if (ctl->trust.genesis[0] == '\0') {
        control_warn(ctl, "unsigned", "", "make a key with \"paylock-admin "
                     "keygen\", and run \"paylock-admin key add\" with what it "
                     "prints",
                     "the entries of the audit trail of Redis at %s are not "
                     "signed: whoever may write to Redis can forge them",
                     ctl->settings.where);
    }
}
