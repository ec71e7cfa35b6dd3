
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "key add" and "key revoke": which keys the trail trusts from an entry on.
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/output.h"
#include "commands.h"
#include "trail/entry.h"
#include "trail/trail_append.h"
#include "trail/trust.h"


#define KEY_TRIES  10


typedef struct {
    int             add;
    char            subject[PAYLOCK_KEY_LEN + 1];
    trail_append_t  entry;
    head_t          head;              /* seq 0: nothing to write */
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


int
key_check(admin_t *a)
{
    char  subject[PAYLOCK_KEY_LEN + 1];

    return arguments_reason(a) == STATUS_DONE
           ? signer_subject(a->arg[0], subject, &a->ctl->error)
           : a->ctl->error.status;
}


static int
key_change(admin_t *a, int add)
{
    int          status;
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

    if ((status = signer_subject(a->arg[0], k->subject, &a->ctl->error))
        != STATUS_DONE
        || (status = trail_append_begin(a->ctl, &k->entry, k->add ? "key-add"
                                                             : "key-revoke"))
           != STATUS_DONE
        || (status = control_need_key(a->ctl)) != STATUS_DONE)
    {
        return status;
    }

    entry_set(&k->entry.e, PAYLOCK_AUDIT_SUBJECT, k->subject);
    entry_set(&k->entry.e, PAYLOCK_AUDIT_REASON, a->opt[OPT_REASON]);

    return STATUS_DONE;
}


static int
key_write(admin_t *a, keychange_t *k)
{
    int       tries, status, done;
    stream_t  s;

    for (tries = 0; tries < KEY_TRIES; tries++) {

        if (head_read(a->ctl, &s) != STATUS_DONE
            || head_judge(a->ctl, &a->known, &s) != STATUS_DONE
            || key_judge(a, k, &s) != STATUS_DONE)
        {
            return a->ctl->error.status;
        }

        if (k->head.seq == 0 || a->opt[OPT_DRY_RUN]) {
            return STATUS_DONE;
        }

        status = trail_append_certain(a->ctl, &k->entry, &k->head,
                                      "run the same command again, it changes "
                                      "nothing twice", &done);

        if (status != STATUS_DONE || done) {
            return status;
        }
    }

    return error_set(&a->ctl->error, STATUS_FAILED, "race",
                     "try again when fewer changes are made",
                     "others were faster %d times in a row", KEY_TRIES);
}


/* Sets k->head to the entry before the new one, if one is needed. */

static int
key_judge(admin_t *a, keychange_t *k, const stream_t *s)
{
    const paylock_key_t  *key;

    memset(&k->head, 0, sizeof(head_t));

    if (trust_follow(a->ctl, s) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (a->ctl->trust.genesis[0] == '\0') {
        k->head = s->head;
        return key_begins(a, k);
    }

    if (trust_counts(a->ctl) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    key = paylock_keyring_find(&a->ctl->trust.ring, k->subject);

    if (k->add ? key && key->revoked == 0 : key && key->revoked) {
        return STATUS_DONE;
    }

    if (!k->add && key == NULL) {
        return error_set(&a->ctl->error, STATUS_FAILED, "key_unknown",
                         "\"paylock-admin key list\" shows those that do",
                         "the key %s does not count in this audit trail",
                         k->subject);
    }

    /* so that one key is always left */

    if (!k->add && strcmp(k->subject, a->ctl->signer.public) == 0) {
        return error_set(&a->ctl->error, STATUS_FAILED, "key_own",
                         "add your new key first and revoke this one with "
                         "that, or let another operator do it",
                         "no key revokes itself");
    }

    k->head = s->head;

    return STATUS_DONE;
}


/* Is this the first key?  It adds itself. */

static int
key_begins(admin_t *a, const keychange_t *k)
{
    if (!k->add) {
        return error_set(&a->ctl->error, STATUS_FAILED, "unsigned",
                         "there is nothing to revoke",
                         "the audit trail of Redis at %s is not signed",
                         a->ctl->settings.where);
    }

    if (strcmp(k->subject, a->ctl->signer.public) == 0) {
        return STATUS_DONE;
    }

    return error_set(&a->ctl->error, STATUS_FAILED, "unsigned",
                     "run \"paylock-admin key add\" with the public half of "
                     "your own key first",
                     "the audit trail of Redis at %s is not signed yet, and "
                     "your key is %s", a->ctl->settings.where,
                     a->ctl->signer.public);
}


static int
key_settle(admin_t *a, const keychange_t *k)
{
    paylock_key_t  *key;

    if (k->head.seq == 0 || a->opt[OPT_DRY_RUN]) {
        return STATUS_DONE;
    }

    if (a->ctl->trust.genesis[0] == '\0') {

        if (trust_begin(a->ctl, &k->head) != STATUS_DONE) {
            return a->ctl->error.status;
        }

    } else if (k->add) {

        if (paylock_keyring_add(&a->ctl->trust.ring, k->subject, k->head.seq)
            == NULL)
        {
            return control_no_memory(a->ctl);
        }

    } else {
        key = paylock_keyring_find(&a->ctl->trust.ring, k->subject);
        key->revoked = k->head.seq;
    }

    trust_at(a->ctl, &k->head);

    return known_head_save(a->ctl, &k->head);
}


static int
key_report(admin_t *a, const keychange_t *k)
{
    int         changed;
    uint64_t    seq;

    changed = k->head.seq != 0;
    seq = a->opt[OPT_DRY_RUN] ? 0 : k->head.seq;

    if (output_is_text(a)) {
        (void) printf("%s: %s%s", k->subject,
                      !changed ? "unchanged, "
                      : a->opt[OPT_DRY_RUN] ? "would be " : "",
                      k->add ? "added" : "revoked");

        if (seq) {
            (void) printf(", entry %" PRIu64, seq);
        }

        (void) putchar('\n');
    }

    return output_print_json(a, json_pack("{s:s, s:b, s:o}", "key", k->subject,
                                          "changed", changed,
                                          "seq", output_number(seq)));
}
