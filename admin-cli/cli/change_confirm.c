
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Asks for confirmation before suffixes or many hosts are changed.
 */


#include <stdio.h>

#include "change/change_matter.h"
#include "cli/change_run.h"
#include "cli/confirm.h"


/* For several suffixes it asks for each; not if no record is changed. */

int
change_confirm(const change_run_t *run)
{
    int          status;
    char         matter[CHANGE_MATTER], question[32];
    size_t       next;
    const char  *host;

    next = 0;

    while (run->kind->entry == NULL
           && change_matter(&run->batch, &next, matter, &host))
    {

        (void) snprintf(question, sizeof(question), "%s %s?",
                        run->kind->action, host ? "it" : "them all");
        question[0] &= ~0x20;

        status = confirm(run->a, matter, question);

        if (status != STATUS_DONE) {
            return host ? error_about(&run->a->ctl->error, host) : status;
        }
    }

    return STATUS_DONE;
}
