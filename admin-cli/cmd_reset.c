
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "change.h"


static int reset_change(flips_t *fs, flip_t *f, uint32_t now);


int
cmd_reset(admin_t *a)
{
    static const flip_kind_t  kind = { "reset", reset_change, NULL, 0, NULL,
                                       NULL, NULL, NULL };

    return flips_run(a, &kind);
}


/*
 * Passes that were revoked stay so: of the record "pass_after" is kept, and
 * one with nothing else counts as none.
 */

static int
reset_change(flips_t *fs, flip_t *f, uint32_t now)
{
    int           status;
    json_t       *after;
    const char   *name;

    name = paylock_time_names[PAYLOCK_PASS_AFTER];
    after = json_object_get(f->record, name);

    if (after == NULL) {
        f->changed = f->before != NULL;
        return STATUS_DONE;
    }

    status = change_begin(fs, f, NULL, now);

    if (status != STATUS_DONE) {
        return status;
    }

    (void) json_object_set(f->after, name, after);

    return change_end(fs, f, 0);
}
