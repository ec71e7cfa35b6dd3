
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "cli/admin.h"
#include "cli/arguments.h"
#include "cli/prepare.h"
#include "records/host_name.h"


int
prepare_command(admin_t *a)
{
    if ((a->command->needs & NEEDS_HOSTS)
        && prepare(a, NEEDS_HOSTS) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    if (a->command->check && a->command->check(a) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    return prepare(a, a->command->needs & ~NEEDS_HOSTS);
}


int
prepare(admin_t *a, unsigned flags)
{
    int  status;

    status = STATUS_DONE;

    if (flags & NEEDS_HOSTS) {
        status = arguments_hosts(a, &a->host, &a->n_hosts);
    }

    if (status == STATUS_DONE && (flags & NEEDS_SETTINGS)) {
        status = settings_load(a);
    }

    if (status == STATUS_DONE && (flags & NEEDS_SIGNERS)) {
        status = signers_load(&a->ctl->signers, &a->ctl->settings,
                              &a->ctl->error);
    }

    if (status == STATUS_DONE && (flags & NEEDS_REDIS)) {
        status = control_connect(a->ctl);
    }

    if (status == STATUS_DONE && (flags & NEEDS_KNOWN)) {
        status = known_head_load(a->ctl, &a->known);
    }

    return status;
}


void
prepare_free(admin_t *a)
{
    host_names_free(a->host, a->n_hosts);
    settings_from_free(&a->from);
    control_free(a->ctl);
}
