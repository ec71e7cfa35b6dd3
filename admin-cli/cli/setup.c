
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "cli/admin.h"
#include "cli/arguments.h"
#include "cli/setup.h"
#include "records/host_name.h"


int
setup_command(admin_t *a)
{
    if ((a->command->setup & SETUP_HOSTS)
        && setup(a, SETUP_HOSTS) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    if (a->command->check && a->command->check(a) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    return setup(a, a->command->setup & ~SETUP_HOSTS);
}


int
setup(admin_t *a, unsigned flags)
{
    int  status;

    status = STATUS_DONE;

    if (flags & SETUP_HOSTS) {
        status = arguments_hosts(a, &a->host, &a->n_hosts);
    }

    if (status == STATUS_DONE && (flags & SETUP_SETTINGS)) {
        status = settings_load(a);
    }

    if (status == STATUS_DONE && (flags & SETUP_SIGNERS)) {
        status = signers_load(&a->ctl->signers, &a->ctl->settings,
                              &a->ctl->error);
    }

    if (status == STATUS_DONE && (flags & SETUP_REDIS)) {
        status = control_connect(a->ctl);
    }

    if (status == STATUS_DONE && (flags & SETUP_KNOWN)) {
        status = known_head_load(a->ctl, &a->known);
    }

    return status;
}


void
setup_free(admin_t *a)
{
    host_names_free(a->host, a->n_hosts);
    settings_from_free(&a->from);
    control_free(a->ctl);
}
