
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "change/change_ops.h"
#include "change/notice.h"
#include "trail/entry.h"


static int notice_apply(change_batch_t *b, change_t *ch, uint32_t now);
static void notice_entry(change_batch_t *b, paylock_entry_t *e);


const change_kind_t  change_notice = {
    .action = "notice", .apply = notice_apply, .entry = notice_entry
};


static int
notice_apply(change_batch_t *b, change_t *ch, uint32_t now)
{
    (void) now;

    return change_keep(b, ch);
}


static void
notice_entry(change_batch_t *b, paylock_entry_t *e)
{
    size_t              i;
    const char  *const *text;

    text = ((const change_notice_t *) b->args)->text;

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        if (text[i]) {
            entry_set(e, i, text[i]);
        }
    }
}
