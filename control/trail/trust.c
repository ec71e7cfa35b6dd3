
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_rule.h"
#include "trail/archived.h"
#include "trail/trail.h"
#include "trail/trust.h"
#include "trail/trust_way.h"


typedef struct {
    control_t         *ctl;
    paylock_verify_t  *v;
    uint64_t           last;
    trust_each_pt      each;
    void              *data;

    /* hash of the last entry, even if it is bad */

    char               hash[PAYLOCK_HASH_LEN + 1];
} trust_walk_t;


static int trust_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int trust_anew(control_t *ctl, const head_t *head);
static int trust_given_up(const paylock_verify_t *v,
    const paylock_witness_t *known);
static int trust_to(control_t *ctl, const head_t *head);
static void trust_reached(paylock_verify_t *v, const head_t *head);
static int trust_fault(control_t *ctl);


int
trust_walk(control_t *ctl, paylock_verify_t *v, uint64_t last,
    trust_each_pt each, void *data)
{
    uint64_t      after;
    trust_walk_t  walk;

    after = v->seq;

    if (after == 0 && archived_begin(ctl, v) != STATUS_DONE) {
        return ctl->error.status;
    }

    walk.ctl = ctl;
    walk.v = v;
    walk.last = last;
    walk.each = each;
    walk.data = data;
    strcpy(walk.hash, v->hash);

    return trail_after(ctl, after, trust_entry, &walk);
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

    if (good && walk->v == &walk->ctl->trust) {
        trust_root_note(walk->ctl, e);
    }

    if (good && walk->each) {
        walk->each(walk->data, e);
    }

    memcpy(walk->hash, e->field[PAYLOCK_AUDIT_HASH].data, PAYLOCK_HASH_LEN);

    return walk->last == 0 || e->seq < walk->last;
}


int
trust_signer(control_t *ctl)
{
    return ctl->trust.signers ? control_need_key(ctl)
           : ctl->signer.key ? STATUS_DONE : control_load_key(ctl);
}


int
trust_follow(control_t *ctl, const stream_t *s)
{
    char                hash[PAYLOCK_HASH_LEN + 1];
    const head_t       *head;
    paylock_verify_t   *v;

    v = &ctl->trust;
    head = &s->head;

    if (v->signers == NULL
        || (v->seq == head->seq && strcmp(v->hash, head->hash) == 0))
    {
        return STATUS_DONE;
    }

    if (v->seq == 0) {
        return trust_anew(ctl, head);
    }

    if (head_hash(ctl, v->seq, hash) != STATUS_DONE) {
        return ctl->error.status;
    }

    /* else it was given up, or it is another trail */

    return strcmp(hash, v->hash) == 0 ? trust_to(ctl, head)
                                      : trust_anew(ctl, head);
}


/* Verifies all; what is remembered must be there, or be given up. */

static int
trust_anew(control_t *ctl, const head_t *head)
{
    int                 status;
    paylock_verify_t   *v;
    paylock_witness_t   known;

    v = &ctl->trust;
    known = ctl->known;
    known.state = PAYLOCK_WITNESS_UNSEEN;

    trust_way_free(&ctl->way);
    paylock_verify_free(v);
    paylock_verify_begin(v, NULL, ctl->settings.realm, &ctl->signers.list);
    paylock_verify_witnesses(v, &known, known.seq != 0);

    status = trust_to(ctl, head);
    paylock_verify_witnesses(v, NULL, 0);

    if (status != STATUS_DONE || known.seq == 0
        || known.state == PAYLOCK_WITNESS_FITS
        || known.state == PAYLOCK_WITNESS_ARCHIVED
        || trust_given_up(v, &known))
    {
        return status;
    }

    return error_set(&ctl->error, STATUS_FAILED, "chain_differs",
                     "find out what happened to this Redis; if it is to be "
                     "the truth from now on, run \"paylock-admin adopt\"",
                     "the audit trail \"%s\" in Redis at %s does not hold "
                     "entry %" PRIu64 ", last seen from here, and no signer "
                     "gave it up", ctl->settings.audit, ctl->settings.where,
                     known.seq);
}


/* Did a signer give it up, whatever stands there now? */

static int
trust_given_up(const paylock_verify_t *v, const paylock_witness_t *known)
{
    size_t                     i;
    const paylock_given_up_t  *g;

    for (i = 0; i < v->n_given_up; i++) {
        g = &v->given_up[i];

        /* what stays is not given up */

        if (known->seq < g->seq
            && (known->seq > g->adopt.seq
                || strcmp(known->chain, v->chain) != 0)
            && paylock_adopt_gives_up(&g->adopt, known->chain, known->seq))
        {
            return 1;
        }
    }

    return 0;
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
trust_counts(control_t *ctl, const char *action)
{
    uint64_t                 seq;
    const char              *why;
    paylock_str_t            word;
    const paylock_signer_t  *signer;

    if (ctl->trust.signers == NULL) {
        return STATUS_DONE;
    }

    seq = ctl->trust.seq + 1;
    word.data = action;
    word.len = strlen(action);
    signer = paylock_signers_find(ctl->trust.signers, ctl->signer.public);

    why = signer == NULL ? "is not in it"
          : signer->from > seq ? "does not count yet"
          : signer->until.seq && signer->until.seq < seq ? "is revoked"
          : !paylock_signer_may(signer, word) ? "may not sign this" : NULL;

    return why == NULL ? STATUS_DONE
           : error_set(&ctl->error, STATUS_FAILED, "key_unknown",
                       "ask whoever keeps that file; \"paylock-admin signers\" "
                       "shows it", "by the signers file \"%s\" your key %s "
                       "%s", ctl->signers.path, ctl->signer.public, why);
}


int
trust_may(const control_t *ctl, const char *action)
{
    paylock_str_t            word;
    const paylock_signer_t  *signer;

    if (ctl->signer.key == NULL || ctl->trust.signers == NULL) {
        return 1;
    }

    word.data = action;
    word.len = strlen(action);
    signer = paylock_signers_find(ctl->trust.signers, ctl->signer.public);

    return signer == NULL || paylock_signer_may(signer, word);
}


int
trust_fits(control_t *ctl, const paylock_entry_t *e)
{
    const char              *why;
    paylock_str_t            action;
    const paylock_signer_t  *signer;

    if (ctl->signer.key == NULL) {
        return STATUS_DONE;
    }

    action = e->field[PAYLOCK_AUDIT_ACTION];
    signer = ctl->trust.signers
             ? paylock_signers_find(ctl->trust.signers, ctl->signer.public)
             : NULL;

    why = trust_unfit(signer, e);

    return why == NULL ? STATUS_DONE
           : error_set(&ctl->error, STATUS_FAILED, "key_limited",
                       "ask whoever may sign that, or see \"paylock-admin "
                       "signers\"", "nobody would believe this \"%.*s\" with "
                       "your signature: it %s", (int) action.len, action.data,
                       why);
}


/* Why this entry of the signer (NULL: without limits) does not count. */

const char *
trust_unfit(const paylock_signer_t *signer, const paylock_entry_t *e)
{
    unsigned        needs;
    const char     *why;
    paylock_str_t   more;

    why = paylock_rule_entry(e, &needs);
    more = paylock_rule_needs(needs);

    if (why || signer == NULL) {
        return why;
    }

    return !paylock_signer_may(signer, e->field[PAYLOCK_AUDIT_ACTION])
           ? "is an action that your key may not sign"
           : more.len == 0 || paylock_signer_may(signer, more) ? NULL
           : needs & PAYLOCK_RULE_OPENS
             ? "opens the host at some time, and your key may not unlock"
           : needs & PAYLOCK_RULE_CLOSES
             ? "closes the host at some time, and your key may not lock"
             : "says where the trail begins, and your key may not adopt";
}


int
trust_learn(control_t *ctl, const stream_t *s)
{
    paylock_verify_t  *v;

    v = &ctl->trust;

    if (v->signers == NULL) {
        return STATUS_DONE;
    }

    trust_way_free(&ctl->way);
    paylock_verify_free(v);
    paylock_verify_begin(v, NULL, ctl->settings.realm, &ctl->signers.list);

    return trust_to(ctl, &s->head);
}


void
trust_text(const control_t *ctl, char text[TRUST_TEXT])
{
    (void) snprintf(text, TRUST_TEXT, "%s", ctl->trust.signers
                    ? "signed by signers that count"
                    : "not verified, as there is no signers file");
}


void
trust_at(control_t *ctl, const head_t *head)
{
    memcpy(ctl->trust.chain, head->chain, sizeof(head->chain));
    paylock_verify_from(&ctl->trust, head->seq, head->hash, head->root);
    trust_root_at(ctl, head->seq, head->hash, head->root);
}


void
trust_head(const control_t *ctl, head_t *head)
{
    if (ctl->trust.signers && ctl->trust.seq == head->seq) {
        memcpy(head->root, ctl->trust.root, sizeof(head->root));
    }
}


void
trust_warn(const control_t *ctl)
{
    if (ctl->trust.signers == NULL) {
        control_warn(ctl, "unsigned", "", "make a key and a signers file with "
                     "\"paylock-admin keygen\"",
                     "there is no signers file: what Redis at %s says is "
                     "believed, and whoever may write to it can forge it",
                     ctl->settings.where);
    }
}
