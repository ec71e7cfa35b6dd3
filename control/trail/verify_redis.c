
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "trail/archived.h"
#include "trail/verify.h"


#define VERIFY_TRIES  10


static int redis_try(verify_t *c, int full);


/* Entries may be archived while they are read. */

int
verify_redis(verify_t *c, int full)
{
    int         tries;
    control_t  *ctl;
    uint64_t    first, now, before;

    ctl = c->ctl;

    for (tries = 0; tries < VERIFY_TRIES; tries++) {
        replay_free(c->replay);

        if (archived_first(ctl, &first, &before) != STATUS_DONE
            || redis_try(c, full) != STATUS_DONE
            || archived_first(ctl, &now, &before) != STATUS_DONE)
        {
            return ctl->error.status;
        }

        if (c->n_faults == 0 || first == now) {
            return STATUS_DONE;
        }
    }

    return error_set(&ctl->error, STATUS_FAILED, "race", "try again",
                     "entries were archived each time while they were read");
}


static int
redis_try(verify_t *c, int full)
{
    int  status, good;

    good = 0;

    if (!full && (status = verify_since(c, &good)) != STATUS_DONE) {
        return status;
    }

    if (good) {
        return STATUS_DONE;
    }

    if ((status = verify_stream(c)) != STATUS_DONE
        || (status = verify_end(c)) != STATUS_DONE)
    {
        return status;
    }

    return c->n_faults ? STATUS_DONE : verify_records(c);
}
