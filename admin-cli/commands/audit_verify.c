
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit_begin.h"
#include "cli/verify_report.h"
#include "commands.h"
#include "trail/trust.h"
#include "trail/verify.h"


static int audit_verify_file(admin_t *a, verify_t *c);
static FILE *audit_verify_input(void);
static int audit_verify_redis(admin_t *a, verify_t *c);
static void audit_verify_remember(admin_t *a, verify_t *c);
static void audit_verify_warn(admin_t *a);


int
cmd_audit_verify(admin_t *a)
{
    int       status;
    verify_t  c;

    status = audit_begin(a, &c);

    if (status == STATUS_DONE) {
        status = a->n_args ? audit_verify_file(a, &c)
                           : audit_verify_redis(a, &c);
    }

    verify_free(&c);

    return status;
}


/* "-" is standard input. */

static int
audit_verify_file(admin_t *a, verify_t *c)
{
    int          status;
    FILE        *f;
    const char  *path;

    path = a->arg[0];
    f = strcmp(path, "-") == 0 ? audit_verify_input() : fopen(path, "re");

    if (f == NULL) {
        return error_set(&a->ctl->error, STATUS_FAILED, "file", NULL,
                         "\"%.200s\" cannot be read: %s", path,
                         strerror(errno));
    }

    status = verify_file(c, f, path);

    (void) fclose(f);

    return status;
}


/* A copy of it: where an export begins is told further on. */

static FILE *
audit_verify_input(void)
{
    char    buf[65536];
    FILE   *f;
    size_t  n;

    f = tmpfile();

    while (f && (n = fread(buf, 1, sizeof(buf), stdin)) > 0) {
        (void) fwrite(buf, 1, n, f);
    }

    if (f && (ferror(stdin) || fflush(f) != 0
              || fseeko(f, 0, SEEK_SET) != 0))
    {
        (void) fclose(f);
        return NULL;
    }

    return f;
}


static int
audit_verify_redis(admin_t *a, verify_t *c)
{
    int       status;
    replay_t  replay;

    if (audit_connect(a, c) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (c->known.seq == 0 && c->signers == NULL) {
        return error_set(&a->ctl->error, STATUS_FAILED, "chain_unknown",
                         "run \"paylock-admin init\", or give the signers "
                         "file, or a key with --trust",
                         "no audit trail of Redis at %s is known here: what "
                         "is there could be anybody's", a->ctl->settings.where);
    }

    memset(&replay, 0, sizeof(replay_t));
    c->replay = &replay;

    status = verify_redis(c, a->opt[OPT_FULL] || c->n_paths);

    if (status == STATUS_DONE) {
        status = verify_report(c, NULL);

        if (status == STATUS_DONE) {
            audit_verify_remember(a, c);
        }
    }

    replay_free(&replay);

    return status;
}


/* Remembers a good trail, as a witness for the next time. */

static void
audit_verify_remember(admin_t *a, verify_t *c)
{
    head_t        head;
    error_info_t  error;

    /* what a key that is trusted for once has signed is not remembered */

    if (c->known.seq == 0 || a->ctl->dry_run || c->trusted.path) {
        return;
    }

    head.seq = c->trail.seq;
    memcpy(head.chain, c->trail.chain, sizeof(head.chain));
    memcpy(head.hash, c->trail.hash, sizeof(head.hash));
    memcpy(head.root, c->trail.root, sizeof(head.root));

    error = a->ctl->error;

    if (verify_remember(c) != STATUS_DONE) {
        audit_verify_warn(a);
    }

    /* what it gave up is remembered with it */

    free(a->ctl->trust.given_up);
    a->ctl->trust.given_up = c->trail.given_up;
    a->ctl->trust.n_given_up = c->trail.n_given_up;
    c->trail.given_up = NULL;
    c->trail.n_given_up = 0;

    if (known_head_save(a->ctl, &head) != STATUS_DONE) {
        audit_verify_warn(a);
    }

    a->ctl->error = error;
}


static void
audit_verify_warn(admin_t *a)
{
    control_warn(a->ctl, a->ctl->error.code, "", a->ctl->error.mend, "%s",
                 a->ctl->error.message);
}
