
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/audit_begin.h"
#include "cli/output.h"
#include "commands.h"
#include "files/outfile.h"
#include "trail/trust.h"
#include "trail/verify.h"


#define CHECKPOINT_TRIES  10           /* others may be adding entries */


static int audit_checkpoint(admin_t *a, verify_t *c);
static int audit_checkpoint_head(admin_t *a, verify_t *c, head_t *head);
static int audit_checkpoint_follow(admin_t *a, const verify_t *c,
    head_t *head);
static int audit_checkpoint_verify(verify_t *c, head_t *head);
static int audit_checkpoint_write(admin_t *a, verify_t *c,
    const head_t *head);


int
cmd_audit_checkpoint(admin_t *a)
{
    int       status;
    verify_t  c;

    status = audit_begin(a, &c);

    if (status == STATUS_DONE) {
        status = audit_checkpoint(a, &c);
    }

    verify_free(&c);

    return status;
}


/* Verifies the trail first: a bad one must not be signed. */

static int
audit_checkpoint(admin_t *a, verify_t *c)
{
    int     status;
    head_t  head;

    if (control_load_key(a->ctl) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (a->ctl->signer.key == NULL) {
        return error_set(&a->ctl->error, STATUS_FAILED, "key",
                         "make one with \"paylock-admin keygen\", or name "
                         "it with --key", "a checkpoint is signed, and "
                         "there is no key");
    }

    if (audit_connect(a, c) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (c->known.seq == 0) {
        return error_set(&a->ctl->error, STATUS_FAILED, "chain_unknown",
                         "run \"paylock-admin init\" first",
                         "no audit trail of Redis at %s is known here",
                         a->ctl->settings.where);
    }

    status = audit_checkpoint_head(a, c, &head);

    return status == STATUS_DONE ? audit_checkpoint_write(a, c, &head) : status;
}


/* Of a bad trail all is told, but not of a root that does not count. */

static int
audit_checkpoint_head(admin_t *a, verify_t *c, head_t *head)
{
    int  status, follows;

    follows = a->ctl->trust.signers && a->opt[OPT_TRUST] == NULL;

    if (follows && a->ctl->trust.seq) {
        status = audit_checkpoint_follow(a, c, head);

        if (status == STATUS_DONE || strcmp(a->ctl->error.code, "root") == 0) {
            return status;
        }
    }

    status = audit_checkpoint_verify(c, head);

    return status == STATUS_DONE && follows
           ? audit_checkpoint_follow(a, c, head) : status;
}


/* What was verified here before is not verified once more. */

static int
audit_checkpoint_follow(admin_t *a, const verify_t *c, head_t *head)
{
    int       status, tries;
    stream_t  s;

    tries = 0;

    do {
        if (head_look(a->ctl, &s) != STATUS_DONE
            || head_judge(a->ctl, &c->known, &s) != STATUS_DONE
            || trust_follow(a->ctl, &s) != STATUS_DONE)
        {
            return a->ctl->error.status;
        }

        status = trust_root(a->ctl, &s);

    } while (status != STATUS_DONE && trust_root_raced(a->ctl)
             && ++tries < CHECKPOINT_TRIES);

    *head = s.head;

    return status;
}


static int
audit_checkpoint_verify(verify_t *c, head_t *head)
{
    int  status;

    if ((status = verify_stream(c)) != STATUS_DONE
        || (status = verify_end(c)) != STATUS_DONE)
    {
        return status;
    }

    verify_warn(c);

    *head = c->known;
    head->seq = c->trail.seq;
    memcpy(head->hash, c->trail.hash, sizeof(head->hash));

    return verify_status(c);
}


static int
audit_checkpoint_write(admin_t *a, verify_t *c, const head_t *head)
{
    char       text[PAYLOCK_CHECKPOINT_MAX];
    size_t     len;
    outfile_t  out;

    if (verify_sign(c, head, text, &len) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (len == 0) {
        return error_set(&a->ctl->error, STATUS_FAILED, "key",
                         "\"paylock-admin signers\" shows which do",
                         "your key %s does not count",
                         a->ctl->signer.public);
    }

    if (outfile_open(&out, a->opt[OPT_OUTPUT], a->opt[OPT_YES] != NULL,
                     &a->ctl->error) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    if (out.path || output_is_text(a)) {
        (void) fwrite(text, 1, len, out.f ? out.f : stdout);
    }

    if (outfile_close(&out, STATUS_DONE, &a->ctl->error) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (out.path) {
        a->done = "the file is written";
    }

    if (out.path && output_is_text(a)) {
        (void) printf("entry %" PRIu64 " of chain %s, hash %s\n", head->seq,
                      head->chain, head->hash);
    }

    return output_print_json(a, json_pack("{s:s, s:I, s:s, s:s%}",
                                          "chain", head->chain,
                                          "seq", (json_int_t) head->seq,
                                          "hash", head->hash,
                                          "checkpoint", text, len));
}
