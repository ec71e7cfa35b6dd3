
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "change/change_ops.h"
#include "change/reset.h"


static int reset_apply(change_batch_t *b, change_t *ch, uint32_t now);


const change_kind_t  change_reset = {
    .action = "reset", .apply = reset_apply
};


/*
 * Revoked passes stay revoked: "pass_after" is kept, and a record with nothing
 * else counts as none.  A protected host stays open.
 */

static int
reset_apply(change_batch_t *b, change_t *ch, uint32_t now)
{
    int      status;
    size_t   i;
    json_t  *kept;

    static const char *const  names[] = {
        "at", "pass_after", PAYLOCK_PROTECTED, "open_at"
    };

    if (ch->before == NULL && !ch->by_hand) {
        return STATUS_DONE;
    }

    kept = json_object();

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (i < 2 || paylock_record_protected(ch->record)) {
            (void) json_object_set(kept, names[i],
                                   json_object_get(ch->record, names[i]));
        }
    }

    status = change_begin(b, ch, kept, now);
    json_decref(kept);

    return status == STATUS_DONE ? change_end(b, ch, ch->junk != NULL)
                                 : status;
}
