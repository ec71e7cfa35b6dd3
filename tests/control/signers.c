
/*
 * Copyright (C) 2026 paylock contributors
 *
 * signers FILE HASH: pins entry 7 in a signers file, as nobody and as a member
 * of no group.
 */


#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "context/signers_write.h"


#define NOBODY  65534


int
main(int argc, char **argv)
{
    int            status, changed;
    control_t      ctl;
    paylock_pin_t  pin;

    memset(&ctl, 0, sizeof(control_t));
    memset(&pin, 0, sizeof(paylock_pin_t));

    if (argc != 3 || setgroups(0, NULL) != 0 || setgid(NOBODY) != 0
        || setuid(NOBODY) != 0)
    {
        return STATUS_USAGE;
    }

    ctl.settings.value[SET_SIGNERS] = strdup(argv[1]);

    status = signers_load(&ctl.signers, &ctl.settings, &ctl.error);

    if (status == STATUS_DONE) {
        pin.seq = 7;
        (void) snprintf(pin.hash, sizeof(pin.hash), "%s", argv[2]);
        status = signers_pin(&ctl, &pin, &changed);
    }

    if (status != STATUS_DONE) {
        (void) puts(ctl.error.message);
    }

    control_free(&ctl);

    return status;
}
