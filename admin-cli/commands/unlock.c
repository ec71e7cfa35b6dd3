
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <time.h>

#include "change/unlock.h"
#include "cli/arguments.h"
#include "cli/change_run.h"
#include "commands.h"


int
cmd_unlock(admin_t *a)
{
    uint32_t         now;
    change_unlock_t  unlock;
    change_run_t     run = {
        .a = a, .kind = &change_unlock, .args = &unlock, .expects = 1
    };

    now = (uint32_t) time(NULL);
    unlock.until = 0;
    unlock.reason = a->opt[OPT_REASON];

    if (arguments_text(a, OPT_REASON, CHANGE_REASON_MAX) != STATUS_DONE
        || arguments_time(a, OPT_UNTIL, now, &unlock.until) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    if (a->opt[OPT_UNTIL] && unlock.until <= now) {
        return error_set(&a->ctl->error, STATUS_USAGE, "time",
                         "give --until a later time than now",
                         "the time of --until has passed");
    }

    return change_run(&run);
}
