
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trail/verify.h"


static void verify_reset(verify_t *c);


int
verify_begin(control_t *ctl, verify_t *c, const char *trust)
{
    memset(c, 0, sizeof(verify_t));
    c->ctl = ctl;

    if (trust && signer_subject(trust, c->trust, &ctl->error) != STATUS_DONE) {
        return ctl->error.status;
    }

    return known_head_load(ctl, &c->known);
}


void
verify_free(verify_t *c)
{
    verify_reset(c);
    free(c->witness);
    free(c->fault);
}


int
verify_trail(verify_t *c, const char *chain)
{
    int          own;
    size_t       i;
    const char  *trust;

    verify_reset(c);

    own = c->known.seq
          && (chain == NULL || strcmp(chain, c->known.chain) == 0);

    trust = own && c->trust[0] == '\0' ? c->ctl->trust.genesis : c->trust;

    paylock_verify_begin(&c->trail, own ? c->known.chain : chain, trust);

    if (own && c->ctl->trust.genesis[0]) {
        paylock_verify_known(&c->trail, &c->ctl->trust.ring, c->known.seq);
    }

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

        } else if (c->replay && replay_entry(c->replay, e) != 0) {
            (void) control_no_memory(c->ctl);
            return -1;
        }
    }

    if (why) {
        return 0;
    }

    if (c->bad && paylock_verify_adopt(&c->trail, e, c->stands) == 0) {
        c->bad = 0;
        c->fault[c->n_faults - 1].adopted = e->seq;
    }

    memcpy(c->stands, e->field[PAYLOCK_AUDIT_HASH].data, PAYLOCK_HASH_LEN);

    return 0;
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


/* After a bad entry the witnesses of later heads cannot be checked. */

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

        if (!c->whole && i >= c->trail.next) {
            continue;
        }

        paylock_verify_witness(&c->trail, w, &fault);

        if (verify_fault(c, &fault) != STATUS_DONE) {
            return c->ctl->error.status;
        }
    }

    return STATUS_DONE;
}


int
verify_sign(verify_t *c, const head_t *head,
    char text[PAYLOCK_CHECKPOINT_MAX], size_t *len)
{
    signer_t               *s;
    struct timespec         now;
    const paylock_key_t    *key;
    paylock_checkpoint_t    point;

    *len = 0;
    s = &c->ctl->signer;
    key = s->key ? paylock_keyring_find(&c->trail.ring, s->public) : NULL;

    if (key == NULL || key->revoked) {
        return STATUS_DONE;
    }

    (void) clock_gettime(CLOCK_REALTIME, &now);

    point.seq = head->seq;
    point.time = (uint64_t) now.tv_sec * 1000
                 + (uint64_t) now.tv_nsec / 1000000;
    memcpy(point.chain, head->chain, sizeof(point.chain));
    memcpy(point.hash, head->hash, sizeof(point.hash));
    (void) snprintf(point.realm, sizeof(point.realm), "%s", c->trail.realm);
    memcpy(point.key, s->public, sizeof(point.key));

    *len = paylock_checkpoint_write(&point, s->key, text);

    if (*len) {
        return STATUS_DONE;
    }

    return error_set(&c->ctl->error, STATUS_FAILED, "crypto", NULL,
                     "OpenSSL makes no Ed25519 signature");
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

    c->n_witnesses = 0;
    c->n_faults = 0;
    c->stands[0] = '\0';
    c->bad = 0;
    c->whole = 0;
    c->compared = 0;
    c->differ = 0;
}
