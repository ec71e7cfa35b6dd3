
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "change/reset.h"
#include "cli/change_run.h"
#include "commands.h"


int
cmd_reset(admin_t *a)
{
    change_run_t  run = { .a = a, .kind = &change_reset, .expects = 1 };

    return change_run(&run);
}
