
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>

#include "cli/output.h"
#include "commands.h"
#include "paylock_version.h"


int
cmd_version(admin_t *a)
{
    if (output_is_text(a)) {
        (void) printf("paylock-admin %s\n", PAYLOCK_VERSION);
    }

    return output_print_json(a, json_pack("{s:s}", "version", PAYLOCK_VERSION));
}
