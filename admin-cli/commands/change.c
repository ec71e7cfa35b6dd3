
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "lock", "unlock", "reset", "protect", "unprotect" and "pass revoke": what
 * they take and do is in control/change/change_order.c.
 */


#include "cli/change_run.h"
#include "commands.h"


int
cmd_change(admin_t *a)
{
    return change_run_action(a, NULL);
}
