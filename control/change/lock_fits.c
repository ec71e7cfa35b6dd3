
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Refuses a lock that would open what the record of another name closes.
 */


#include <string.h>

#include "change/change_ops.h"
#include "change/lock.h"
#include "trail/trust.h"


static int fits_www(change_batch_t *b, const change_t *ch);
static int fits_has_www(const change_t *ch);
static int fits_looser(const json_t *record, const paylock_record_t *after);
static int fits_signer(change_batch_t *b, const change_t *ch,
    const matching_record_t *match, const char *www);
static int fits_opens(const json_t *record, const paylock_record_t *after);


int
change_lock_fits(change_batch_t *b, const change_t *ch)
{
    if (!ch->changed || (ch->record && matching_record_says(ch->record))) {
        return STATUS_DONE;
    }

    return fits_signer(b, ch, &ch->match, "") != STATUS_DONE
           || fits_signer(b, ch, &ch->www, "www.") != STATUS_DONE
           ? b->ctl->error.status : fits_www(b, ch);
}


/* The new record holds for "www." as well: a plan must not open that either. */

static int
fits_www(change_batch_t *b, const change_t *ch)
{
    paylock_record_t  after;

    if (ch->www.record == NULL || fits_has_www(ch)) {
        return STATUS_DONE;
    }

    after = change_times(ch->after);

    if (!fits_looser(ch->www.record, &after)
        && !fits_looser(ch->www.other, &after))
    {
        return STATUS_DONE;
    }

    return error_set(&b->ctl->error, STATUS_USAGE, "plan",
                     "lock that name first, so that it has a record of its own",
                     "the new record of \"%s\" holds for \"www.%s\" as well, "
                     "and would end what the record of \"%s\" does there now",
                     ch->host, ch->host, ch->www.match);
}


/* Has the "www." name a record of its own? */

static int
fits_has_www(const change_t *ch)
{
    return strncmp(ch->www.match, "www.", 4) == 0
           && strcmp(ch->www.match + 4, ch->host) == 0;
}


static int
fits_looser(const json_t *record, const paylock_record_t *after)
{
    uint32_t          at;
    paylock_stage_e   def;
    paylock_record_t  before;

    if (record == NULL) {
        return 0;
    }

    before = change_times(record);
    at = after->time[PAYLOCK_AT];

    for (def = PAYLOCK_OPEN; def <= PAYLOCK_LOCKED; def += PAYLOCK_LOCKED) {
        if (paylock_timeline_stage(after, at, def)
            < paylock_timeline_stage(&before, at, def))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * nginx would hold what a signer signs who may not unlock, if at some time it
 * opens what the record of another name closes.
 */

static int
fits_signer(change_batch_t *b, const change_t *ch,
    const matching_record_t *match, const char *www)
{
    paylock_record_t  after;

    if (match->record == NULL || trust_may(b->ctl, "unlock")) {
        return STATUS_DONE;
    }

    after = change_times(ch->after);

    /* a "www." name that has a record of its own keeps that */

    if ((*www && fits_has_www(ch))
        || (!fits_opens(match->record, &after)
            && !fits_opens(match->other, &after)))
    {
        return STATUS_DONE;
    }

    return error_set(&b->ctl->error, STATUS_FAILED, "key_limited",
                     "ask whoever may unlock, or lock it now",
                     "nobody would believe this \"lock\" with your signature: "
                     "it opens \"%s%s\" at some time, which the record of "
                     "\"%s\" closes, and your key may not unlock", www,
                     ch->host, match->match);
}


static int
fits_opens(const json_t *record, const paylock_record_t *after)
{
    unsigned          defaults;
    paylock_record_t  before;

    before = change_times(record);
    defaults = 1u << PAYLOCK_OPEN | 1u << PAYLOCK_LOCKED;

    return record
           && paylock_timeline_differs(&before, after, after->time[PAYLOCK_AT],
                                       defaults)
              & PAYLOCK_TIMELINE_LOOSER;
}
