
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "trail/trust.h"
#include "trail/verify.h"


static int audit_verify_redis(verify_t *c);
static int audit_verify_all(verify_t *c);
static void audit_verify_remember(verify_t *c);


int
cmd_audit_verify(admin_t *a)
{
    int       status;
    verify_t  c;

    status = verify_begin(a, &c);

    if (status == STATUS_DONE) {
        status = a->n_args ? verify_file(&c, a->arg[0])
                           : audit_verify_redis(&c);
    }

    verify_free(&c);

    return status;
}


static int
audit_verify_redis(verify_t *c)
{
    int       status;
    fold_t    fold;
    admin_t  *a;

    a = c->admin;

    if (c->known.seq == 0 && c->trust[0] == '\0' && a->n_checkpoints == 0) {
        return problem_set(&a->problem, STATUS_FAILED, "chain_unknown",
                           "run \"paylock-admin init\", or give a --checkpoint "
                           "that was kept, or the first key with --trust",
                           "no audit trail of Redis at %s is known here: what "
                           "is there could be anybody's", a->settings.where);
    }

    a->link = link_open(&a->settings, &a->problem);

    if (a->link == NULL) {
        return a->problem.status;
    }

    memset(&fold, 0, sizeof(fold_t));
    c->fold = &fold;

    status = audit_verify_all(c);

    fold_free(&fold);

    return status;
}


static int
audit_verify_all(verify_t *c)
{
    int  status;

    if ((status = verify_stream(c)) != STATUS_DONE
        || (status = verify_end(c)) != STATUS_DONE
        || (c->n_faults == 0 && (status = verify_flags(c)) != STATUS_DONE))
    {
        return status;
    }

    status = verify_report(c, NULL);

    if (status == STATUS_DONE || status == STATUS_FLAGS) {
        audit_verify_remember(c);
    }

    return status;
}


/* What was good once is a witness the next time. */

static void
audit_verify_remember(verify_t *c)
{
    head_t     head;
    admin_t   *a;
    problem_t  problem;

    a = c->admin;

    /* a key that began to sign since is not learnt without a yes */

    if (c->known.seq == 0 || a->opt[OPT_DRY_RUN]
        || strcmp(c->trail.genesis, a->trust.genesis) != 0)
    {
        return;
    }

    trust_take(a, &c->trail);

    head = c->known;
    head.seq = a->trust.seq;
    memcpy(head.hash, a->trust.hash, sizeof(head.hash));

    problem = a->problem;

    if (chain_save(a, &head) != STATUS_DONE) {
        admin_warn(a, a->problem.code, "", a->problem.mend, "%s",
                   a->problem.message);
    }

    a->problem = problem;
}
