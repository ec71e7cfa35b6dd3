
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "files/outfile.h"
#include "trail/signer.h"
#include "trail/verify.h"


static int audit_checkpoint(admin_t *a, verify_t *c);
static int audit_checkpoint_adopted(const verify_t *c);
static int audit_checkpoint_write(admin_t *a, verify_t *c);


int
cmd_audit_checkpoint(admin_t *a)
{
    int       status;
    verify_t  c;

    status = verify_begin(a, &c);

    if (status == STATUS_DONE) {
        status = audit_checkpoint(a, &c);
    }

    verify_free(&c);

    return status;
}


/* Nobody should sign what is not good: all that it stands on is verified. */

static int
audit_checkpoint(admin_t *a, verify_t *c)
{
    int  status;

    if (signer_load(a) != STATUS_DONE) {
        return a->problem.status;
    }

    if (a->signer.key == NULL) {
        return problem_set(&a->problem, STATUS_FAILED, "key",
                           "make one with \"paylock-admin keygen\", or name "
                           "it with --key", "a checkpoint is signed, and "
                           "there is no key");
    }

    if (c->known.seq == 0) {
        return problem_set(&a->problem, STATUS_FAILED, "chain_unknown",
                           "run \"paylock-admin init\" first",
                           "no audit trail of Redis at %s is known here",
                           a->settings.where);
    }

    a->link = link_open(&a->settings, &a->problem);

    if (a->link == NULL) {
        return a->problem.status;
    }

    if ((status = verify_stream(c)) != STATUS_DONE
        || (status = verify_end(c)) != STATUS_DONE)
    {
        return status;
    }

    status = verify_status(c);

    return status == STATUS_DONE || audit_checkpoint_adopted(c)
           ? audit_checkpoint_write(a, c) : status;
}


/* Who adopted what is wrong has signed it already. */

static int
audit_checkpoint_adopted(const verify_t *c)
{
    size_t                  i;
    const paylock_fault_t  *fault;

    for (i = 0; i < c->n_faults; i++) {
        if (c->fault[i].adopted == 0) {
            return 0;
        }
    }

    for (i = 0; i < c->n_faults; i++) {
        fault = &c->fault[i];
        admin_warn(c->admin, paylock_fault_names[fault->kind], "", NULL,
                   "%s; entry %" PRIu64 " adopts that", fault->text,
                   fault->adopted);
    }

    return c->n_faults != 0;
}


static int
audit_checkpoint_write(admin_t *a, verify_t *c)
{
    char    text[PAYLOCK_CHECKPOINT_MAX];
    size_t  len;
    head_t  head;
    keep_t  keep;

    head = c->known;
    head.seq = c->trail.seq;
    memcpy(head.hash, c->trail.hash, sizeof(head.hash));

    if (verify_sign(c, &head, text, &len) != STATUS_DONE) {
        return a->problem.status;
    }

    if (len == 0) {
        return problem_set(&a->problem, STATUS_FAILED, "key",
                           "let one whose key counts run \"paylock-admin key "
                           "add\"", "your key %s does not count in this trail",
                           a->signer.public);
    }

    if (keep_open(a, &keep) != STATUS_DONE) {
        return a->problem.status;
    }

    if (keep.path || output_text(a)) {
        (void) fwrite(text, 1, len, keep.f);
    }

    if (keep_close(a, &keep, STATUS_DONE) != STATUS_DONE) {
        return a->problem.status;
    }

    if (keep.path && output_text(a)) {
        (void) printf("entry %" PRIu64 " of chain %s, hash %s\n", head.seq,
                      head.chain, head.hash);
    }

    return output_json(a, json_pack("{s:s, s:I, s:s, s:s%}",
                                    "chain", head.chain,
                                    "seq", (json_int_t) head.seq,
                                    "hash", head.hash,
                                    "checkpoint", text, len));
}
