
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <time.h>

#include "change/pass_revoke.h"
#include "cli/change_run.h"
#include "commands.h"


int
cmd_pass_revoke(admin_t *a)
{
    int                   status;
    change_pass_revoke_t  revoke;
    change_run_t          run = {
        .a = a, .kind = &change_pass_revoke, .args = &revoke,
        .told = "passes revoked, "
    };

    revoke.ctl = a->ctl;
    revoke.now = (uint32_t) time(NULL);
    revoke.latest = json_object();

    status = revoke.latest ? change_run(&run) : control_no_memory(a->ctl);

    json_decref(revoke.latest);

    return status;
}
