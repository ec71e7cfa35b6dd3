
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "change/change_ops.h"


static int reset_change(flips_t *fs, flip_t *f, uint32_t now);


int
cmd_reset(admin_t *a)
{
    static const flip_kind_t  kind = {
        .action = "reset", .change = reset_change, .expects = 1
    };

    return flips_run(a, &kind);
}


/*
 * Passes that were revoked stay so: of the record "pass_after" is kept, and
 * one with nothing else counts as none.  What is protected stays open.
 */

static int
reset_change(flips_t *fs, flip_t *f, uint32_t now)
{
    int      status;
    size_t   i;
    json_t  *kept;

    static const char *const  names[] = {
        "at", "pass_after", PAYLOCK_PROTECTED, "open_at"
    };

    kept = json_object();

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (i < 2 || paylock_record_protected(f->record)) {
            (void) json_object_set(kept, names[i],
                                   json_object_get(f->record, names[i]));
        }
    }

    if (json_object_get(kept, "pass_after") == NULL
        && !paylock_record_protected(kept))
    {
        json_decref(kept);
        f->changed = f->before != NULL;
        return STATUS_DONE;
    }

    status = change_begin(fs, f, kept, now);
    json_decref(kept);

    return status == STATUS_DONE ? change_end(fs, f, 0) : status;
}
