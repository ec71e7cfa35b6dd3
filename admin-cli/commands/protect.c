
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "change/protect.h"
#include "cli/arguments.h"
#include "cli/change_run.h"
#include "commands.h"


int
cmd_protect(admin_t *a)
{
    change_run_t  run = {
        .a = a, .kind = &change_protect, .args = a->opt[OPT_REASON]
    };

    return arguments_text(a, OPT_REASON, CHANGE_REASON_MAX) == STATUS_DONE
           && change_protect_check(a->ctl, a->host, a->n_hosts) == STATUS_DONE
           ? change_run(&run) : a->ctl->error.status;
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
