
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "signers revoke" and "signers pin": put the head of the trail, as it is
 * verified here, into the signers file.
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mistype.h"
#include "base/text.h"
#include "cli/confirm.h"
#include "cli/output.h"
#include "cli/prepare.h"
#include "commands.h"
#include "context/signers_write.h"
#include "trail/head.h"
#include "trail/trust.h"


#define SIGNERS_NEAR  3                /* names that are suggested, at most */


static int revoke_find(admin_t *a, const paylock_signer_t **found);
static int revoke_unknown(admin_t *a);
static int revoke_confirm(admin_t *a, const paylock_signer_t *signer,
    const head_t *head);
static int revoke_report(admin_t *a, const char *name, int changed,
    const paylock_pin_t *until);
static int pin_report(admin_t *a, int changed, const paylock_pin_t *pin);
static int signers_head(admin_t *a, head_t *head);
static void signers_head_pin(const head_t *head, paylock_pin_t *pin);
static void signers_written(admin_t *a, int changed);


int
cmd_signers_revoke(admin_t *a)
{
    int                      changed;
    head_t                   head;
    paylock_pin_t            until;
    const paylock_signer_t  *signer;

    signer = NULL;

    if (revoke_find(a, &signer) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (signer->until.seq) {
        return revoke_report(a, signer->name, 0, &signer->until);
    }

    /* from when others count is looked at when the file is written */

    if (signers_revocable(&a->ctl->signers, signer, UINT64_MAX,
                          &a->ctl->error) != STATUS_DONE
        || signers_head(a, &head) != STATUS_DONE
        || revoke_confirm(a, signer, &head) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    signers_head_pin(&head, &until);

    if (signers_revoke(a->ctl, a->arg[0], &until, &changed) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    /* somebody else may have been faster, with another entry */

    if (!changed && revoke_find(a, &signer) == STATUS_DONE) {
        until = signer->until;
    }

    return revoke_report(a, a->arg[0], changed, &until);
}


int
cmd_signers_pin(admin_t *a)
{
    int             changed;
    head_t          head;
    paylock_pin_t   pin;

    if (signers_head(a, &head) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    signers_head_pin(&head, &pin);

    if (signers_pin(a->ctl, &pin, &changed) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    return pin_report(a, changed, &pin);
}


static int
revoke_find(admin_t *a, const paylock_signer_t **found)
{
    size_t                    i;
    const paylock_signers_t  *list;

    if (a->ctl->signers.path == NULL) {
        return error_set(&a->ctl->error, STATUS_FAILED, "signers",
                         "\"paylock-admin keygen\" begins one; name one that "
                         "is elsewhere with --signers",
                         "there is no signers file");
    }

    list = &a->ctl->signers.list;

    for (i = 0; i < list->n; i++) {
        if (strcmp(list->signer[i].name, a->arg[0]) == 0) {
            *found = &list->signer[i];
            return STATUS_DONE;
        }
    }

    return revoke_unknown(a);
}


static int
revoke_unknown(admin_t *a)
{
    char                      mend[sizeof(a->ctl->error.mend)];
    size_t                    i, n, most;
    const char               *near[SIGNERS_NEAR];
    const paylock_signers_t  *list;

    n = 0;
    list = &a->ctl->signers.list;
    most = 1 + strlen(a->arg[0]) / 4;

    for (i = 0; i < list->n && n < SIGNERS_NEAR; i++) {
        if (mistype_distance(a->arg[0], list->signer[i].name) <= most) {
            near[n++] = list->signer[i].name;
        }
    }

    if (n) {
        mistype_names(near, n, "", mend, sizeof(mend));
    } else {
        (void) snprintf(mend, sizeof(mend), "\"paylock-admin signers\" shows "
                        "those that there are");
    }

    return error_set(&a->ctl->error, STATUS_FAILED, "signer", mend,
                     "\"%.1000s\" names no signer \"%.200s\"",
                     a->ctl->signers.path, a->arg[0]);
}


static int
revoke_confirm(admin_t *a, const paylock_signer_t *signer, const head_t *head)
{
    char  matter[PAYLOCK_SIGNER_NAME + PAYLOCK_KEY_LEN + 200];

    (void) snprintf(matter, sizeof(matter), "the key %s of \"%s\" will count "
                    "up to entry %" PRIu64 ", the last one now, and never "
                    "again", signer->key, signer->name, head->seq);

    return confirm(a, matter, "Revoke it?");
}


static int
revoke_report(admin_t *a, const char *name, int changed,
    const paylock_pin_t *until)
{
    if (output_is_text(a)) {
        (void) printf("%s: %srevoked, counts up to entry %" PRIu64 "\n", name,
                      !changed ? "unchanged, "
                      : a->ctl->dry_run ? "would be " : "", until->seq);
    }

    signers_written(a, changed);

    return output_print_json(a, json_pack("{s:s, s:b, s:o, s:I, s:s, s:s?}",
                                          "name", name, "changed", changed,
                                          "file",
                                          text_json(a->ctl->signers.path,
                                            strlen(a->ctl->signers.path)),
                                          "seq", (json_int_t) until->seq,
                                          "hash", until->hash,
                                          "chain", until->chain[0]
                                            ? until->chain : NULL));
}


static int
pin_report(admin_t *a, int changed, const paylock_pin_t *pin)
{
    char  text[SIGNERS_PIN];

    if (output_is_text(a)) {
        signers_pin_text(pin, text);
        (void) printf("%spin %s\n",
                      !changed ? "unchanged: "
                      : a->ctl->dry_run ? "would be written: " : "", text);
    }

    signers_written(a, changed);

    return output_print_json(a, json_pack("{s:b, s:o, s:I, s:s, s:s}",
                                          "changed", changed, "file",
                                          text_json(a->ctl->signers.path,
                                            strlen(a->ctl->signers.path)),
                                          "seq", (json_int_t) pin->seq,
                                          "hash", pin->hash,
                                          "chain", pin->chain));
}


/* The last entry, once all of it is verified that this machine knows. */

static int
signers_head(admin_t *a, head_t *head)
{
    stream_t  s;

    if (prepare(a, NEEDS_KNOWN|NEEDS_REDIS) != STATUS_DONE
        || head_read(a->ctl, &s) != STATUS_DONE
        || head_judge(a->ctl, &a->known, &s) != STATUS_DONE
        || trust_follow(a->ctl, &s) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    *head = s.head;

    return STATUS_DONE;
}


static void
signers_head_pin(const head_t *head, paylock_pin_t *pin)
{
    memset(pin, 0, sizeof(paylock_pin_t));
    pin->seq = head->seq;
    strcpy(pin->hash, head->hash);
    strcpy(pin->chain, head->chain);
}


static void
signers_written(admin_t *a, int changed)
{
    if (!changed || a->ctl->dry_run) {
        return;
    }

    a->done = "the file is written";

    if (!output_is_text(a)) {
        return;
    }

    (void) printf("Give ");
    text_print(stdout, a->ctl->signers.path, strlen(a->ctl->signers.path));
    (void) printf(" to every nginx, and reload them, and to every machine "
                  "with paylock-admin.\n");
}
