
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What lock, unlock, reset and import have in common.
 */


#include <stdlib.h>
#include <string.h>

#include "change/change_batch.h"
#include "change/node_wait.h"
#include "cli/output.h"
#include "name.h"
#include "trail/trust.h"


static int flips_prepare(flips_t *fs);
static int flips_partly(flips_t *fs);
static void flips_remember(flips_t *fs);


int
flips_run(admin_t *a, const flip_kind_t *kind)
{
    int      status;
    char   **name;
    size_t   n;

    status = names_read(a, &name, &n);

    if (status != STATUS_DONE) {
        return status;
    }

    status = flips_hosts(a, kind, name, n);

    names_free(name, n);

    return status;
}


int
flips_hosts(admin_t *a, const flip_kind_t *kind, char **host, size_t n)
{
    int      status;
    flips_t  fs;

    memset(&fs, 0, sizeof(flips_t));

    fs.admin = a;
    fs.kind = kind;
    fs.host = host;
    fs.n = n;

    status = repeat_check(a);

    if (status == STATUS_DONE) {
        status = wait_check(a);
    }

    if (status == STATUS_DONE) {
        status = flips_ask(&fs);
    }

    if (status == STATUS_DONE) {
        status = flips_prepare(&fs);
    }

    if (status == STATUS_DONE) {
        status = flips_commit(&fs);

        if (status != STATUS_DONE && fs.done) {
            status = flips_partly(&fs);
        }

        if (fs.done) {
            flips_remember(&fs);
        }

        /* people read what was done while nginx is waited for */

        if (status == STATUS_DONE && output_wants_json(a)) {
            status = flips_wait(&fs);
        }

        if (status == STATUS_DONE || status == STATUS_PARTLY) {
            flips_say(&fs);
            flips_absent(&fs);
        }

        if (status == STATUS_DONE && !output_wants_json(a)) {
            status = flips_wait(&fs);
        }
    }

    flips_free(&fs);

    return status;
}


static int
flips_prepare(flips_t *fs)
{
    int       status;
    size_t    batch;
    admin_t  *a;

    a = fs->admin;

    status = settings_load(a);

    if (status != STATUS_DONE
        || (status = who_actor(a, &fs->actor)) != STATUS_DONE
        || (status = repeat_request(fs)) != STATUS_DONE
        || (status = chain_load(a, &fs->known)) != STATUS_DONE
        || (fs->known.seq && (status = trust_signer(a)) != STATUS_DONE))
    {
        return status;
    }

    who_machine(fs->machine);

    batch = fs->n < FLIP_BATCH ? fs->n : FLIP_BATCH;

    fs->flip = calloc(batch + 1, sizeof(flip_t));
    fs->became = calloc(fs->n + 1, sizeof(flip_done_t));

    if (fs->flip == NULL || fs->became == NULL) {
        return admin_memory(a);
    }

    a->link = link_open(&a->settings, &a->problem);

    if (a->link == NULL) {
        return a->problem.status;
    }

    return fs->kind->begin ? fs->kind->begin(fs) : STATUS_DONE;
}


/* Some transactions were carried out before one was not. */

static int
flips_partly(flips_t *fs)
{
    char        why[sizeof(fs->admin->problem.message)];
    char        mend[sizeof(fs->admin->problem.mend)];
    problem_t  *p;

    p = &fs->admin->problem;

    memcpy(why, p->message, sizeof(why));
    memcpy(mend, p->mend, sizeof(mend));

    if (p->status == STATUS_UNKNOWN) {
        return problem_set(p, STATUS_UNKNOWN, p->code, mend,
                           "the first %zu of %zu hosts are done; then %.1500s",
                           fs->done, fs->n, why);
    }

    return problem_set(p, STATUS_PARTLY, p->code, mend,
                       "the first %zu of %zu hosts are done, those from "
                       "\"%s\" are not: %.1500s", fs->done, fs->n,
                       fs->host[fs->done], why);
}


static void
flips_remember(flips_t *fs)
{
    problem_t  *p;
    problem_t   kept;

    if (fs->admin->opt[OPT_DRY_RUN]) {
        return;
    }

    p = &fs->admin->problem;
    kept = *p;

    if (chain_save(fs->admin, &fs->head) != STATUS_DONE) {
        admin_warn(fs->admin, p->code, "", p->mend, "%.1900s", p->message);
    }

    *p = kept;
}
