
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "paylock_record.h"
#include "trail/verify.h"


static int verify_trust(verify_t *c, const char *trust);
static int verify_replay(verify_t *c, const paylock_entry_t *e);
static void verify_adopted(verify_t *c);
static int verify_untold(const verify_t *c, size_t i);
static void verify_reset(verify_t *c);


int
verify_begin(control_t *ctl, verify_t *c, const char *trust)
{
    memset(c, 0, sizeof(verify_t));
    c->ctl = ctl;

    if (known_head_load(ctl, &c->known) != STATUS_DONE) {
        return ctl->error.status;
    }

    c->signers = ctl->signers.path ? &ctl->signers.list : NULL;

    return trust ? verify_trust(c, trust) : STATUS_DONE;
}


/* Adds a key to the signers of this machine, as one more line. */

static int
verify_trust(verify_t *c, const char *trust)
{
    int         n;
    char        key[PAYLOCK_KEY_LEN + 1];
    signers_t  *s, *own;

    own = &c->ctl->signers;
    s = &c->trusted;

    if (signer_subject(trust, key, &c->ctl->error) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    if (c->signers && paylock_signers_find(c->signers, key)) {
        return STATUS_DONE;
    }

    s->path = strdup("--trust");
    n = asprintf(&s->text, "%.*s\n--trust %s\n", (int) own->len,
                 own->text ? own->text : "", key);

    if (s->path == NULL || n < 0) {
        s->text = n < 0 ? NULL : s->text;
        return control_no_memory(c->ctl);
    }

    s->len = (size_t) n;

    if (signers_parse(s, &c->ctl->error) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    c->signers = &s->list;

    return STATUS_DONE;
}


void
verify_free(verify_t *c)
{
    verify_reset(c);
    verify_root_reset(c);
    verified_free(&c->since.before);
    signers_free(&c->trusted);
    free(c->since.pair);
    free(c->archive);
    free(c->witness);
    free(c->fault);
}


int
verify_trail(verify_t *c, const char *chain)
{
    int     own;
    size_t  i;

    verify_reset(c);

    if (c->replay) {
        c->replay->others = c->signers != NULL;
    }

    if (chain && !c->alone && strcmp(chain, c->known.chain) != 0
        && known_head_of(c->ctl, chain, &c->known) != STATUS_DONE)
    {
        return c->ctl->error.status;
    }

    own = c->known.seq
          && (chain == NULL || strcmp(chain, c->known.chain) == 0);

    /* with signers an adopt may have begun another chain */

    paylock_verify_begin(&c->trail, own && !c->signers ? c->known.chain : chain,
                         c->ctl->settings.realm, c->signers);

    if (own && verify_witness_add(c, "this machine", &c->known, 0)
               != STATUS_DONE)
    {
        return c->ctl->error.status;
    }

    for (i = 0; i < c->n_checkpoints; i++) {
        if (verify_witness_file(c, c->checkpoint[i]) != STATUS_DONE) {
            return c->ctl->error.status;
        }
    }

    return STATUS_DONE;
}


int
verify_entry(verify_t *c, const paylock_entry_t *e, const char *why)
{
    int  rc;

    if (!c->bad) {
        rc = why ? paylock_verify_unreadable(&c->trail, why)
                 : paylock_verify_entry(&c->trail, e);

        if (rc != 0) {
            c->bad = 1;

            if (verify_fault(c, &c->trail.fault) != STATUS_DONE) {
                return -1;
            }

        } else if (c->replay && verify_replay(c, e) != STATUS_DONE) {
            return -1;
        }
    }

    if (why) {
        return 0;
    }

    /* who gives up what is bad has said so: it is no fault any more */

    if (c->bad && paylock_verify_adopt(&c->trail, e, c->stands) == 0) {
        c->bad = 0;
        c->n_faults--;
    }

    if (!c->bad && c->signers && c->trail.covered == e->seq
        && paylock_verify_is(e, "adopt"))
    {
        verify_adopted(c);

        if (c->replay && verify_root_adopt(c) != STATUS_DONE) {
            return -1;
        }
    }

    memcpy(c->stands, e->field[PAYLOCK_AUDIT_HASH].data, PAYLOCK_HASH_LEN);

    return 0;
}


/* Replays what is signed, and compares what was there with what was written. */

static int
verify_replay(verify_t *c, const paylock_entry_t *e)
{
    uint64_t              seq;
    paylock_fault_t       fault;
    const paylock_str_t  *after;

    after = &e->field[PAYLOCK_AUDIT_AFTER];

    if (replay_entry(c->replay, e) != 0) {
        return control_no_memory(c->ctl);
    }

    /* the record was compared before this entry came */

    if (c->compared && after->len
        && paylock_record_seq(after->data, after->len) != e->seq)
    {
        c->unnumbered = 1;
    }

    if (c->since.before.head.seq
        && verify_since_entry(c, e) != STATUS_DONE)
    {
        return c->ctl->error.status;
    }

    if (c->signers && !paylock_verify_is(e, "adopt")
        && verify_root(c, e) != STATUS_DONE)
    {
        return c->ctl->error.status;
    }

    if (c->signers && c->trail.covered != e->seq) {
        return STATUS_DONE;
    }

    seq = replay_commit(c->replay);

    if (seq == 0 || c->signers == NULL) {
        return STATUS_DONE;
    }

    fault.kind = PAYLOCK_FAULT_FLAGS;
    fault.seq = seq;
    (void) snprintf(fault.text, sizeof(fault.text), "entry %" PRIu64 " does "
                    "not go on from what the host's last entry wrote", seq);

    return verify_fault(c, &fault);
}


/* Its records are what the trail said: what was written by hand is past. */

static void
verify_adopted(verify_t *c)
{
    size_t  i, n;

    for (i = 0, n = 0; i < c->n_faults; i++) {
        if (c->fault[i].kind != PAYLOCK_FAULT_FLAGS) {
            c->fault[n++] = c->fault[i];
        }
    }

    c->n_faults = n;

    if (c->replay) {
        replay_adopt(c->replay);
    }
}


void
verify_behind(verify_t *c)
{
    memcpy(c->stands, c->trail.hash, sizeof(c->stands));

    if (c->trail.behind.seq) {
        c->root.unknown = 1;

        if (c->replay) {
            c->replay->archived = c->trail.behind.seq;
        }
    }
}


int
verify_fault(verify_t *c, const paylock_fault_t *fault)
{
    paylock_fault_t  *more;

    if (fault->kind == PAYLOCK_FAULT_NONE) {
        return STATUS_DONE;
    }

    more = realloc(c->fault, (c->n_faults + 1) * sizeof(paylock_fault_t));

    if (more == NULL) {
        return control_no_memory(c->ctl);
    }

    c->fault = more;
    c->fault[c->n_faults++] = *fault;

    return STATUS_DONE;
}


/*
 * After a bad entry the witnesses of later heads cannot be checked, except that
 * something else stands in their place.
 */

int
verify_end(verify_t *c)
{
    size_t              i;
    paylock_fault_t     fault;
    paylock_witness_t  *w;

    if (!c->bad && paylock_verify_end(&c->trail) != 0) {
        c->bad = 1;

        if (verify_fault(c, &c->trail.fault) != STATUS_DONE) {
            return c->ctl->error.status;
        }
    }

    c->whole = !c->bad;

    for (i = 0; i < c->n_witnesses; i++) {
        w = &c->witness[i];

        /* whoever writes to Redis can make a node say anything */

        if (w->inside || verify_untold(c, i)) {
            continue;
        }

        paylock_verify_witness(&c->trail, w, &fault);

        if (verify_fault(c, &fault) != STATUS_DONE) {
            return c->ctl->error.status;
        }
    }

    return STATUS_DONE;
}


void
verify_warn(verify_t *c)
{
    size_t              i;
    paylock_fault_t     fault;
    paylock_witness_t  *w;

    for (i = 0; i < c->n_witnesses; i++) {
        w = &c->witness[i];

        if (!w->inside || verify_untold(c, i)) {
            continue;
        }

        paylock_verify_witness(&c->trail, w, &fault);

        if (fault.kind != PAYLOCK_FAULT_NONE) {
            control_warn(c->ctl, paylock_fault_names[fault.kind], "",
                         "look at that machine; \"paylock-admin nodes forget\" "
                         "removes a report", "%s", fault.text);
        }
    }
}


/* After a bad entry nothing is known of a later one, unless it is another. */

static int
verify_untold(const verify_t *c, size_t i)
{
    return !c->whole && i >= c->trail.next
           && c->witness[i].state != PAYLOCK_WITNESS_DIFFERS;
}


int
verify_sign(verify_t *c, const head_t *head,
    char text[PAYLOCK_CHECKPOINT_MAX], size_t *len)
{
    signer_t               *s;
    struct timespec         now;
    paylock_checkpoint_t    point;

    *len = 0;
    s = &c->ctl->signer;

    if (s->key == NULL || !verify_counts(c, s->public, head->seq)) {
        return STATUS_DONE;
    }

    (void) clock_gettime(CLOCK_REALTIME, &now);

    point.seq = head->seq;
    point.time = (uint64_t) now.tv_sec * 1000
                 + (uint64_t) now.tv_nsec / 1000000;
    memcpy(point.chain, head->chain, sizeof(point.chain));
    memcpy(point.hash, head->hash, sizeof(point.hash));
    (void) snprintf(point.realm, sizeof(point.realm), "%s",
                    c->ctl->settings.realm);
    memcpy(point.key, s->public, sizeof(point.key));

    *len = paylock_checkpoint_write(&point, s->key, text);

    if (*len) {
        return STATUS_DONE;
    }

    return error_set(&c->ctl->error, STATUS_FAILED, "crypto", NULL,
                     "OpenSSL makes no Ed25519 signature");
}


int
verify_counts(const verify_t *c, const char *key, uint64_t seq)
{
    const paylock_signer_t  *signer;

    if (c->signers == NULL) {
        return 1;
    }

    signer = paylock_signers_find(c->signers, key);

    return signer && signer->from <= seq
           && (signer->until.seq == 0 || seq <= signer->until.seq);
}


static void
verify_reset(verify_t *c)
{
    size_t  i;

    paylock_verify_free(&c->trail);

    for (i = 0; i < c->n_witnesses; i++) {
        free((char *) c->witness[i].name);
    }

    for (i = 0; i < VERIFY_HOSTS && c->host[i]; i++) {
        free(c->host[i]);
        c->host[i] = NULL;
    }

    verify_root_reset(c);
    c->n_witnesses = 0;
    c->n_faults = 0;
    c->stands[0] = '\0';
    c->bad = 0;
    c->n_archives = 0;
    c->whole = 0;
    c->begun = 0;
    c->compared = 0;
    c->differ = 0;
    c->opened = 0;
    c->unnumbered = 0;
}
