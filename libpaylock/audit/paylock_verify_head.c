
/*
 * Copyright (C) 2026 paylock contributors
 *
 * One entry alone, as the place to go on from.
 */


#include <inttypes.h>
#include <string.h>

#include "paylock_verify_parts.h"


static int paylock_verify_head_entry(paylock_verify_t *v,
    const paylock_entry_t *e);


int
paylock_verify_head(paylock_verify_t *v, const paylock_entry_t *e)
{
    if (e->seq == 0 || paylock_verify_head_entry(v, e) != 0) {

        if (v->fault.kind == PAYLOCK_FAULT_NONE) {
            (void) paylock_verify_bad(v, PAYLOCK_FAULT_FORK, e->seq,
                                      "entry %" PRIu64 " is no adopt of a "
                                      "signer that counts", e->seq);
        }

        return -1;
    }

    return v->covered == e->seq ? 0
           : paylock_verify_bad(v, PAYLOCK_FAULT_SIGNATURE, e->seq,
                                "entry %" PRIu64 " is the last one and is not "
                                "signed", e->seq);
}


/* The entry before it is believed to be what this one says. */

static int
paylock_verify_head_entry(paylock_verify_t *v, const paylock_entry_t *e)
{
    paylock_adopt_t  adopt;

    if (paylock_verify_is(e, "adopt")) {

        if (paylock_adopt_read(e, &adopt) != NULL) {
            return -1;
        }

        paylock_verify_from(v, adopt.seq, adopt.stays, "");

        return paylock_verify_adopt(v, e, "");
    }

    paylock_verify_from(v, e->seq - 1, e->field[PAYLOCK_AUDIT_PREV].data, "");

    return paylock_verify_entry(v, e);
}
