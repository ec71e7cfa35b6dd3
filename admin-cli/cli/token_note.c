
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "cli/prepare.h"
#include "cli/token_note.h"
#include "trail/trail_note.h"


int
token_note(admin_t *a, const char *action, const char *name,
    const char *reason, head_t *head)
{
    trail_note_t  note = {
        .action = action, .reference = name, .reason = reason,
        .mend = "look at \"paylock-admin audit log\""
    };

    return prepare(a, NEEDS_KNOWN|NEEDS_REDIS) == STATUS_DONE
           ? trail_note(a->ctl, &a->known, &note, head)
           : a->ctl->error.status;
}
