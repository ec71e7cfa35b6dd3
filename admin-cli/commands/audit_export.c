
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "evidence/bundle.h"
#include "files/outfile.h"
#include "name.h"
#include "trail/export.h"
#include "trail/signer.h"


static int audit_export_names(admin_t *a, export_t *x, char ***host,
    size_t *n);
static int audit_export(verify_t *c, export_t *x);
static int audit_export_told(admin_t *a, const export_t *x, const char *what,
    const char *path);


int
cmd_audit_export(admin_t *a)
{
    int        status;
    char     **host;
    size_t     n;
    export_t   x;
    verify_t   c;

    memset(&x, 0, sizeof(export_t));
    host = NULL;
    n = 0;

    status = verify_begin(a, &c);

    if (status == STATUS_DONE
        && (status = audit_export_names(a, &x, &host, &n)) == STATUS_DONE
        && (status = signer_load(a)) == STATUS_DONE)
    {
        a->link = link_open(&a->settings, &a->problem);
        status = a->link ? audit_export(&c, &x) : a->problem.status;
    }

    names_free(x.name, x.n_names);
    names_free(host, n);
    verify_free(&c);

    return status;
}


/* The host, and the names whose records may hold for it. */

static int
audit_export_names(admin_t *a, export_t *x, char ***host, size_t *n)
{
    char  *given;

    given = (char *) a->opt[OPT_HOST];

    if (given == NULL) {
        return STATUS_DONE;
    }

    a->arg = &given;
    a->n_args = 1;

    if (names_read(a, host, n) != STATUS_DONE) {
        *host = NULL;
        *n = 0;
        return a->problem.status;
    }

    x->host = (*host)[0];

    return names_holders(a, x->host, &x->name, &x->n_names);
}


static int
audit_export(verify_t *c, export_t *x)
{
    int          status;
    keep_t       keep;
    admin_t     *a;
    const char  *path;

    a = c->admin;
    path = a->opt[OPT_OUTPUT];

    if (bundle_wanted(path)) {
        status = bundle_write(c, x);
        return status == STATUS_DONE ? audit_export_told(a, x, "directory",
                                                         path)
                                     : status;
    }

    if (keep_open(a, &keep) != STATUS_DONE) {
        return a->problem.status;
    }

    path = keep.path;
    status = keep_close(a, &keep, export_write(c, x, keep.f));

    return status == STATUS_DONE && path ? audit_export_told(a, x, "file",
                                                             path)
                                         : status;
}


static int
audit_export_told(admin_t *a, const export_t *x, const char *what,
    const char *path)
{
    if (output_text(a)) {
        (void) printf("%" PRIu64 " entries, and of %" PRIu64 " others the "
                      "leaves, up to entry %" PRIu64 "\n", x->entries,
                      x->leaves, x->head.seq);
    }

    return output_json(a, json_pack("{s:s, s:I, s:I, s:I, s:b}",
                                    what, path,
                                    "seq", (json_int_t) x->head.seq,
                                    "entries", (json_int_t) x->entries,
                                    "leaves", (json_int_t) x->leaves,
                                    "checkpoint", x->checkpoint));
}
