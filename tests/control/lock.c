
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Locks a host by libpaylock-control alone: lock URL HOST.  What is there in
 * Redis is empty before.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change/lock.h"
#include "trail/trail_create.h"


static int
lock_host(control_t *ctl, char *host)
{
    int             status;
    change_lock_t   lock;
    change_batch_t  batch;

    memset(&lock, 0, sizeof(change_lock_t));
    memset(&batch, 0, sizeof(change_batch_t));

    lock.now = (uint32_t) time(NULL);
    lock.time[PAYLOCK_LOCK_AT] = lock.now;
    lock.given = CHANGE_BIT(PAYLOCK_LOCK_AT);
    lock.immediate = lock.given;
    lock.text[PAYLOCK_AUDIT_REASON] = "invoice overdue";

    batch.ctl = ctl;
    batch.kind = change_lock_kind(&lock);
    batch.args = &lock;
    batch.host = &host;
    batch.n = 1;

    status = change_batch_run(&batch);
    change_batch_free(&batch);

    return status;
}


int
main(int argc, char **argv)
{
    int        created;
    head_t     head;
    stream_t   stream;
    control_t  ctl;

    if (argc != 3) {
        return STATUS_USAGE;
    }

    memset(&ctl, 0, sizeof(control_t));
    ctl.program = "lock";
    ctl.settings.value[SET_REDIS] = strdup(argv[1]);
    ctl.settings.value[SET_PREFIX] = strdup("{paylock}:");

    if (settings_parse_url(&ctl.settings, "URL", &ctl.error) != STATUS_DONE
        || settings_complete(&ctl.settings, &ctl.error) != STATUS_DONE
        || control_connect(&ctl) != STATUS_DONE
        || head_read(&ctl, &stream) != STATUS_DONE
        || trail_create(&ctl, &head, &created) != STATUS_DONE
        || known_head_save(&ctl, &head) != STATUS_DONE
        || lock_host(&ctl, argv[2]) != STATUS_DONE)
    {
        (void) fprintf(stderr, "%s\n", ctl.error.message);
    }

    control_free(&ctl);

    return ctl.error.status;
}
