
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/audit_begin.h"
#include "cli/output.h"
#include "commands.h"
#include "evidence/bundle.h"
#include "files/outfile.h"
#include "records/host_name.h"
#include "trail/export.h"


static int audit_export_names(admin_t *a, export_t *x, char ***host,
    size_t *n);
static int audit_export(admin_t *a, verify_t *c, export_t *x);
static int audit_export_told(admin_t *a, const export_t *x, const char *what,
    const char *path);


int
audit_export_check(admin_t *a)
{
    return a->n_archives == 0 || a->opt[OPT_HOST] ? STATUS_DONE
           : error_set(&a->ctl->error, STATUS_USAGE, "option",
                       "all that is archived stands in these files already",
                       "--archive is of use with --host only");
}


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

    status = audit_begin(a, &c);

    if (status == STATUS_DONE
        && (status = audit_export_names(a, &x, &host, &n)) == STATUS_DONE
        && (status = control_load_key(a->ctl)) == STATUS_DONE)
    {
        status = audit_connect(a, &c) == STATUS_DONE
                 ? audit_export(a, &c, &x) : a->ctl->error.status;
    }

    host_names_free(x.name, x.n_names);
    host_names_free(host, n);
    verify_free(&c);

    return status;
}


/* Finds the host and its candidates, see host_name.h. */

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

    if (arguments_hosts(a, host, n) != STATUS_DONE) {
        *host = NULL;
        *n = 0;
        return a->ctl->error.status;
    }

    x->host = (*host)[0];

    return host_name_candidates(a->ctl, x->host, &x->name, &x->n_names);
}


static int
audit_export(admin_t *a, verify_t *c, export_t *x)
{
    int          status;
    outfile_t    out;
    const char  *path;

    path = a->opt[OPT_OUTPUT];

    if (bundle_wanted(path)) {
        status = bundle_write(c, x, path);

        if (status != STATUS_DONE) {
            return status;
        }

        a->done = "the directory is written";

        return audit_export_told(a, x, "directory", path);
    }

    if (outfile_open(&out, path, a->opt[OPT_YES] != NULL, &a->ctl->error)
        != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    status = export_write(c, x, out.f ? out.f : stdout);
    status = outfile_close(&out, status, &a->ctl->error);

    if (status != STATUS_DONE || out.path == NULL) {
        return status;
    }

    a->done = "the file is written";

    return audit_export_told(a, x, "file", path);
}


static int
audit_export_told(admin_t *a, const export_t *x, const char *what,
    const char *path)
{
    if (output_is_text(a)) {
        (void) printf("%" PRIu64 " entries, and of %" PRIu64 " others the "
                      "leaves, up to entry %" PRIu64 "\n", x->entries,
                      x->leaves, x->head.seq);
    }

    return output_print_json(a, json_pack("{s:s, s:I, s:I, s:I, s:b}",
                                          what, path,
                                          "seq", (json_int_t) x->head.seq,
                                          "entries", (json_int_t) x->entries,
                                          "leaves", (json_int_t) x->leaves,
                                          "checkpoint", x->checkpoint));
}
