
/*
 * Copyright (C) 2026 paylock contributors
 *
 * MULTI and EXEC: audit entries and the changes of records that they describe
 * are written together or not at all.
 */


#ifndef _TRANSACTION_H_INCLUDED_
#define _TRANSACTION_H_INCLUDED_


#include "context/control.h"


typedef enum {
    TRANSACTION_DONE = 0,
    TRANSACTION_RACE,                  /* a watched key was changed */
    TRANSACTION_LOST,                  /* no reply to EXEC: may be done */
    TRANSACTION_FAILED                 /* ctl->error is set */
} transaction_e;


/*
 * Sends the queued commands and then MULTI.  The caller takes the reply to
 * MULTI with redis_expect_ok(), after theirs, before it queues anything else:
 * if MULTI is refused, Redis executes later commands at once.  Returns a
 * status.
 */

int transaction_begin(control_t *ctl);

/*
 * Sends the queued commands, which are so many XADD ("entries"), then so many
 * HSET and HDEL ("changes"), and EXEC; takes all replies.
 */

transaction_e transaction_exec(control_t *ctl, size_t entries, size_t changes);


#endif /* _TRANSACTION_H_INCLUDED_ */
