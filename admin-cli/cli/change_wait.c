
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "change/change_batch.h"
#include "change/node_wait.h"
#include "cli/output.h"


static const char *flips_waited(const flips_t *fs);


int
flips_wait(flips_t *fs)
{
    int       status;
    wait_t    w;
    admin_t  *a;

    a = fs->admin;

    if (a->opt[OPT_WAIT] == NULL || a->opt[OPT_DRY_RUN]) {
        return STATUS_DONE;
    }

    (void) fflush(stdout);

    status = wait_for(a, &fs->head, &w);

    if (output_wants_json(a)) {
        fs->waited = wait_json(&w);

    } else if (status == STATUS_DONE && output_text(a)) {
        wait_print(&w, flips_waited(fs));
    }

    wait_free(&w);

    return status;
}


/* What holds from now on; a plan is only known. */

static const char *
flips_waited(const flips_t *fs)
{
    admin_t  *a;

    a = fs->admin;

    if (strcmp(fs->kind->action, "lock") == 0) {
        return a->opt[OPT_AT] || a->opt[OPT_NOTICE] || a->opt[OPT_READONLY]
               ? "known on" : "locked on";
    }

    return strcmp(fs->kind->action, "unlock") == 0 ? "open on" : "known on";
}
