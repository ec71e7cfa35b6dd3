
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "trail/entry.h"
#include "trail/head.h"
#include "trail/root.h"
#include "trail/skip.h"
#include "trail/trail_append.h"
#include "trail/trail_note.h"
#include "trail/trust.h"


#define NOTE_TRIES  20


static int note_begin(control_t *ctl, const head_t *known, const char *action,
    head_t *head);


int
trail_note(control_t *ctl, const head_t *known, const trail_note_t *note,
    head_t *head)
{
    int             tries, status, done;
    trail_append_t  entry;

    if (trust_signer(ctl) != STATUS_DONE
        || trail_append_begin(ctl, &entry, note->action) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    entry_set(&entry.e, PAYLOCK_AUDIT_REFERENCE, note->reference);
    entry_set(&entry.e, PAYLOCK_AUDIT_REASON, note->reason);

    for (tries = 0; tries < NOTE_TRIES; tries++) {

        if (note_begin(ctl, known, note->action, head) != STATUS_DONE) {
            return ctl->error.status;
        }

        if (ctl->dry_run) {
            return STATUS_DONE;
        }

        status = trail_append_certain(ctl, &entry, head, note->mend, &done);

        if (status != STATUS_DONE || done) {
            return status == STATUS_DONE ? known_head_save(ctl, head) : status;
        }
    }

    return error_set(&ctl->error, STATUS_FAILED, "race",
                     "try again when fewer changes are made",
                     "others were faster %d times in a row", NOTE_TRIES);
}


/* Watches the keys; what is there must go on from what is known. */

static int
note_begin(control_t *ctl, const head_t *known, const char *action,
    head_t *head)
{
    stream_t  s;

    if (head_queue(ctl) != STATUS_DONE
        || root_queue(ctl) != STATUS_DONE
        || redis_send(ctl->redis) != 0
        || head_take(ctl, &s) != STATUS_DONE
        || root_take(ctl) != STATUS_DONE
        || head_judge(ctl, known, &s) != STATUS_DONE
        || trust_follow(ctl, &s) != STATUS_DONE
        || trust_root(ctl, &s) != STATUS_DONE
        || trust_counts(ctl, action) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    *head = s.head;
    trust_head(ctl, head);

    return root_begin(ctl, head) == STATUS_DONE
           && skip_begin(ctl, head, head->seq + 1, 1) == STATUS_DONE
           ? STATUS_DONE : ctl->error.status;
}
