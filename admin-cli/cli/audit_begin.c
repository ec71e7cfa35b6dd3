
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "cli/admin.h"
#include "cli/audit_begin.h"
#include "cli/verify_report.h"


int
audit_begin(admin_t *a, verify_t *c)
{
    int  status;

    status = verify_begin(a->ctl, c, a->opt[OPT_TRUST]);

    c->checkpoint = a->checkpoint;
    c->n_checkpoints = (size_t) a->n_checkpoints;
    c->archive_path = a->archive;
    c->n_paths = (size_t) a->n_archives;
    c->report = verify_report;
    c->data = a;

    return status;
}


int
audit_connect(admin_t *a, verify_t *c)
{
    if (control_connect(a->ctl) != STATUS_DONE
        || (c->known.seq == 0
            && known_head_load(a->ctl, &c->known) != STATUS_DONE))
    {
        return a->ctl->error.status;
    }

    return STATUS_DONE;
}
