
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Entries that concern no host: each is a transaction of its own, in which
 * no record is changed.
 */


#ifndef _TRAIL_APPEND_H_INCLUDED_
#define _TRAIL_APPEND_H_INCLUDED_


#include "trail/actor.h"
#include "trail/head.h"
#include "trail/transaction.h"


typedef struct {
    paylock_entry_t  e;                /* what more it says is the caller's */
    char             machine[ACTOR_MACHINE];
    char             request[2 * 16 + 1];
} trail_append_t;


/* Begins an entry: its action, and who acts, and where.  Returns a status. */

int trail_append_begin(control_t *ctl, trail_append_t *d, const char *action);

/*
 * Writes the entry that follows *head, which becomes it, be the answer lost
 * or not; fails if it cannot be remembered on this machine.  The keys are
 * watched and no reply is pending.
 */

transaction_e trail_append(control_t *ctl, const trail_append_t *d,
    head_t *head);

/*
 * The same, and if the connection is lost connects again and looks; where
 * that cannot be, the status is STATUS_UNKNOWN, with that mend.  *done is 0
 * if another was faster: read the head again, and try again.  Returns a
 * status.
 */

int trail_append_certain(control_t *ctl, const trail_append_t *d,
    head_t *head, const char *mend, int *done);


#endif /* _TRAIL_APPEND_H_INCLUDED_ */
