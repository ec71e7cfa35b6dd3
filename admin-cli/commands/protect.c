
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "change/protect.h"
#include "cli/arguments.h"
#include "cli/change_run.h"
#include "commands.h"
#include "records/host_name.h"


int
cmd_protect(admin_t *a)
{
    int           status;
    char        **name;
    size_t        n;
    change_run_t  run = {
        .a = a, .kind = &change_protect, .args = a->opt[OPT_REASON]
    };

    if (arguments_text(a, OPT_REASON, CHANGE_REASON_MAX) != STATUS_DONE
        || arguments_hosts(a, &name, &n) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    status = change_protect_check(a->ctl, name, n);

    if (status == STATUS_DONE) {
        status = change_run_hosts(&run, name, n);
    }

    names_free(name, n);

    return status;
}


int
cmd_unprotect(admin_t *a)
{
    change_run_t  run = {
        .a = a, .kind = &change_unprotect, .args = a->opt[OPT_REASON],
        .expects = 1
    };

    return arguments_text(a, OPT_REASON, CHANGE_REASON_MAX) == STATUS_DONE
           ? change_run(&run) : a->ctl->error.status;
}
