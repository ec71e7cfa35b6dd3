
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "trail/verify.h"


static int status_vouched(const verify_t *c);


static const struct {
    int          status;
    const char  *mend;
} status_faults[PAYLOCK_FAULTS] = {
    [PAYLOCK_FAULT_EDIT] = { STATUS_TAMPERED, NULL },
    [PAYLOCK_FAULT_FORK] = { STATUS_TAMPERED, NULL },
    [PAYLOCK_FAULT_SIGNATURE] = { STATUS_TAMPERED, NULL },
    [PAYLOCK_FAULT_KEY] = { STATUS_TAMPERED, NULL },
    [PAYLOCK_FAULT_GAP] = { STATUS_INCOMPLETE, NULL },
    [PAYLOCK_FAULT_ROLLBACK] = { STATUS_INCOMPLETE,
      "find out what happened to this Redis; if the loss is final, declare it "
      "with \"paylock-admin adopt\"" },
    [PAYLOCK_FAULT_FLAGS] = { STATUS_FLAGS,
      "lock, unlock or reset what was changed by hand, so that the trail "
      "tells of it" },
    [PAYLOCK_FAULT_MEMORY] = { STATUS_FAILED, NULL }
};


int
verify_status(verify_t *c)
{
    int                     status;
    size_t                  i;
    const char             *mend;
    const paylock_fault_t  *worst;

    static const char  flags[] = "\"paylock-admin adopt\" puts the records "
                                 "back as the trail says, and with --drop "
                                 "removes those that no entry wrote";
    static const char  opened[] = "lock that host now, or unlock it: an entry "
                                  "has to say which";
    static const char  compare[] = "change nothing here; compare with a "
                                   "backup, an export or a checkpoint";

    worst = NULL;

    for (i = 0; i < c->n_faults; i++) {
        if (worst == NULL || status_faults[c->fault[i].kind].status
                             < status_faults[worst->kind].status)
        {
            worst = &c->fault[i];
        }
    }

    if (worst) {
        status = status_faults[worst->kind].status;
        mend = worst->kind != PAYLOCK_FAULT_FLAGS || c->signers == NULL
               ? status_faults[worst->kind].mend : c->opened ? opened : flags;

        return error_set(&c->ctl->error, status,
                         paylock_fault_names[worst->kind],
                         mend ? mend : compare, "%s", worst->text);
    }

    if (status_vouched(c)) {
        return STATUS_DONE;
    }

    return error_set(&c->ctl->error, STATUS_FAILED, "trust",
                     "put a signers file on this machine, give the key that "
                     "you were told with --trust, or verify it where the trail "
                     "is known",
                     "the trail fits together, but nothing known here says "
                     "that it is the right one, or whose signatures count");
}


/* Is there a witness outside of Redis or the file? */

static int
status_vouched(const verify_t *c)
{
    size_t                    i;
    const paylock_witness_t  *w;

    if (c->signers) {
        return 1;
    }

    for (i = 0; i < c->n_witnesses; i++) {
        w = &c->witness[i];

        if (!w->inside && w->state == PAYLOCK_WITNESS_FITS) {
            return 1;
        }
    }

    return 0;
}
