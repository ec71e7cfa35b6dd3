
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Keys that count from an entry on, and those that do not any more.
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "change/change_ops.h"
#include "cli/output.h"
#include "trail/entry.h"
#include "trail/trail_append.h"
#include "trail/trust.h"


#define KEY_TRIES  10


typedef struct {
    int        add;
    char       subject[PAYLOCK_KEY_LEN + 1];
    declare_t  entry;
    head_t     known;
    head_t     head;                   /* seq 0: there is nothing to write */
} keychange_t;


static int key_change(admin_t *a, int add);
static int key_prepare(admin_t *a, keychange_t *k);
static int key_write(admin_t *a, keychange_t *k);
static int key_judge(admin_t *a, keychange_t *k, const stream_t *s);
static int key_begins(admin_t *a, const keychange_t *k);
static int key_settle(admin_t *a, const keychange_t *k);
static int key_report(admin_t *a, const keychange_t *k);


int
cmd_key_add(admin_t *a)
{
    return key_change(a, 1);
}


int
cmd_key_revoke(admin_t *a)
{
    return key_change(a, 0);
}


static int
key_change(admin_t *a, int add)
{
    int     status;
    keychange_t  k;

    memset(&k, 0, sizeof(keychange_t));
    k.add = add;

    if ((status = key_prepare(a, &k)) != STATUS_DONE
        || (status = key_write(a, &k)) != STATUS_DONE
        || (status = key_settle(a, &k)) != STATUS_DONE)
    {
        return status;
    }

    return key_report(a, &k);
}


static int
key_prepare(admin_t *a, keychange_t *k)
{
    int  status;

    if ((status = change_check(a, OPT_REASON, CHANGE_REASON)) != STATUS_DONE
        || (status = settings_load(a)) != STATUS_DONE
        || (status = signer_subject(a, a->arg[0], k->subject)) != STATUS_DONE
        || (status = chain_load(a, &k->known)) != STATUS_DONE
        || (status = declare_begin(a, &k->entry, k->add ? "key-add"
                                                        : "key-revoke"))
           != STATUS_DONE
        || (status = signer_need(a)) != STATUS_DONE)
    {
        return status;
    }

    entry_set(&k->entry.e, PAYLOCK_AUDIT_SUBJECT, k->subject);
    entry_set(&k->entry.e, PAYLOCK_AUDIT_REASON, a->opt[OPT_REASON]);

    a->link = link_open(&a->settings, &a->problem);

    return a->link ? STATUS_DONE : a->problem.status;
}


static int
key_write(admin_t *a, keychange_t *k)
{
    int             tries, done;
    stream_t        s;
    flip_outcome_e  outcome;

    static const char  lost[] = "run the same command again, it changes "
                                "nothing twice";

    for (tries = 0; tries < KEY_TRIES; tries++) {

        if (head_read(a, &s) != STATUS_DONE
            || head_judge(a, &k->known, &s) != STATUS_DONE
            || key_judge(a, k, &s) != STATUS_DONE)
        {
            return a->problem.status;
        }

        if (k->head.seq == 0 || a->opt[OPT_DRY_RUN]) {
            return STATUS_DONE;
        }

        /* a first key that cannot be remembered would be of no use */

        if (chain_check(a) != STATUS_DONE) {
            return a->problem.status;
        }

        outcome = declare(a, &k->entry, &k->head);

        if (outcome == FLIP_DONE || outcome == FLIP_FAILED) {
            return outcome == FLIP_DONE ? STATUS_DONE : a->problem.status;
        }

        if (outcome == FLIP_LOST
            && (declare_lost(a, &k->entry, &k->head, lost, &done)
                != STATUS_DONE || done))
        {
            return done ? STATUS_DONE : a->problem.status;
        }
    }

    return problem_set(&a->problem, STATUS_FAILED, "race",
                       "try again when fewer changes are made",
                       "others were faster %d times in a row", KEY_TRIES);
}


/* Sets k->head to what the entry follows, if there is to be one. */

static int
key_judge(admin_t *a, keychange_t *k, const stream_t *s)
{
    const paylock_key_t  *key;

    memset(&k->head, 0, sizeof(head_t));

    if (trust_follow(a, s) != STATUS_DONE) {
        return a->problem.status;
    }

    if (a->trust.genesis[0] == '\0') {
        k->head = s->head;
        return key_begins(a, k);
    }

    if (trust_counts(a) != STATUS_DONE) {
        return a->problem.status;
    }

    key = paylock_keyring_find(&a->trust.ring, k->subject);

    if (k->add ? key && key->revoked == 0 : key && key->revoked) {
        return STATUS_DONE;
    }

    if (!k->add && key == NULL) {
        return problem_set(&a->problem, STATUS_FAILED, "key_unknown",
                           "\"paylock-admin key list\" shows those that do",
                           "the key %s does not count in this audit trail",
                           k->subject);
    }

    /* so one is always left */

    if (!k->add && strcmp(k->subject, a->signer.public) == 0) {
        return problem_set(&a->problem, STATUS_FAILED, "key_own",
                           "add your new key first and revoke this one with "
                           "that, or let another operator do it",
                           "no key revokes itself");
    }

    k->head = s->head;

    return STATUS_DONE;
}


/* The first key that counts adds itself. */

static int
key_begins(admin_t *a, const keychange_t *k)
{
    if (!k->add) {
        return problem_set(&a->problem, STATUS_FAILED, "unsigned",
                           "there is nothing to revoke",
                           "the audit trail of Redis at %s is not signed",
                           a->settings.where);
    }

    if (strcmp(k->subject, a->signer.public) == 0) {
        return STATUS_DONE;
    }

    return problem_set(&a->problem, STATUS_FAILED, "unsigned",
                       "run \"paylock-admin key add\" with the public half of "
                       "your own key first",
                       "the audit trail of Redis at %s is not signed yet, and "
                       "your key is %s", a->settings.where, a->signer.public);
}


static int
key_settle(admin_t *a, const keychange_t *k)
{
    paylock_key_t  *key;

    if (k->head.seq == 0 || a->opt[OPT_DRY_RUN]) {
        return STATUS_DONE;
    }

    if (a->trust.genesis[0] == '\0') {

        if (trust_begin(a, &k->head) != STATUS_DONE) {
            return a->problem.status;
        }

    } else if (k->add) {

        if (paylock_keyring_add(&a->trust.ring, k->subject, k->head.seq)
            == NULL)
        {
            return admin_memory(a);
        }

    } else {
        key = paylock_keyring_find(&a->trust.ring, k->subject);
        key->revoked = k->head.seq;
    }

    trust_at(a, &k->head);

    return chain_save(a, &k->head);
}


static int
key_report(admin_t *a, const keychange_t *k)
{
    int         changed;
    uint64_t    seq;

    changed = k->head.seq != 0;
    seq = a->opt[OPT_DRY_RUN] ? 0 : k->head.seq;

    if (output_text(a)) {
        (void) printf("%s: %s%s", k->subject,
                      !changed ? "unchanged, "
                      : a->opt[OPT_DRY_RUN] ? "would be " : "",
                      k->add ? "added" : "revoked");

        if (seq) {
            (void) printf(", entry %" PRIu64, seq);
        }

        (void) putchar('\n');
    }

    return output_json(a, json_pack("{s:s, s:b, s:o}", "key", k->subject,
                                    "changed", changed,
                                    "seq", output_number(seq)));
}
