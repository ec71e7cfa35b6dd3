
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <string.h>

#include "trail/entry.h"
#include "trail/known_head.h"
#include "trail/root.h"
#include "trail/skip.h"
#include "trail/trail_append.h"
#include "trail/trail_create.h"
#include "trail/trust.h"


static int create_pinned(control_t *ctl);
static int create_lost(control_t *ctl);


int
trail_create(control_t *ctl, head_t *head, int *created)
{
    trail_append_t  d;

    memset(head, 0, sizeof(head_t));
    memset(head->hash, '0', PAYLOCK_HASH_LEN);

    if (ctl->dry_run) {
        *created = 1;
        return STATUS_DONE;
    }

    if (create_pinned(ctl) != STATUS_DONE
        || trust_signer(ctl) != STATUS_DONE
        || trust_counts(ctl, "init") != STATUS_DONE
        || entry_random(ctl, head->chain,
                        PAYLOCK_CHAIN_LEN / 2) != STATUS_DONE
        || skip_begin(ctl, head, 1, 1) != STATUS_DONE
        || root_of_records(ctl) != STATUS_DONE
        || trail_append_begin(ctl, &d, "init") != STATUS_DONE)
    {
        return ctl->error.status;
    }

    switch (trail_append(ctl, &d, head)) {

    case TRANSACTION_DONE:
        *created = 1;
        trust_at(ctl, head);
        return STATUS_DONE;

    case TRANSACTION_RACE:
        return STATUS_DONE;

    case TRANSACTION_LOST:
        return create_lost(ctl);

    default:
        return ctl->error.status;
    }
}


/* A new trail could not hold the entries that the signers file names. */

static int
create_pinned(control_t *ctl)
{
    size_t                    i;
    const paylock_pin_t      *pin;
    const paylock_signers_t  *s;

    s = ctl->trust.signers;
    pin = s && s->n_pins ? &s->pin[0] : NULL;

    for (i = 0; s && pin == NULL && i < s->n; i++) {
        pin = s->signer[i].until.seq ? &s->signer[i].until : NULL;
    }

    return pin == NULL ? STATUS_DONE
           : error_set(&ctl->error, STATUS_FAILED, "chain_differs",
                       "put its data back, or run \"paylock-admin adopt\" "
                       "where the trail is known; for a new trail take that "
                       "line out of the signers file",
                       "Redis at %s holds no audit trail, and line %u of the "
                       "signers file \"%s\" names entry %" PRIu64 " of one",
                       ctl->settings.where, pin->line, ctl->signers.path,
                       pin->seq);
}


static int
create_lost(control_t *ctl)
{
    char  why[sizeof(ctl->error.message)];

    memcpy(why, ctl->error.message, sizeof(why));

    return error_set(&ctl->error, STATUS_UNKNOWN, "unknown",
                     "run \"paylock-admin init\" again: it shows what is "
                     "there", "the connection was lost in the transaction, "
                     "and whether the trail was made is not known: %.1500s",
                     why);
}
