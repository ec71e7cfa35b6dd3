
/*
 * Copyright (C) 2026 paylock contributors
 *
 * MULTI and EXEC: entries, and the changes of records that they tell of, are
 * written together or not at all.
 */


#ifndef _TRANSACTION_H_INCLUDED_
#define _TRANSACTION_H_INCLUDED_


#include "context/control.h"


typedef enum {
    TRANSACTION_DONE = 0,
    TRANSACTION_RACE,                  /* a watched key was changed first */
    TRANSACTION_LOST,                  /* no answer to EXEC: it may be done */
    TRANSACTION_FAILED                 /* ctl->error says why */
} transaction_e;


/*
 * Sends what is queued, and MULTI behind it.  Its reply is taken by
 * redis_expect_ok() behind theirs, before anything else is queued: if MULTI
 * were refused, all behind it would be done at once.  Returns a status.
 */

int transaction_begin(control_t *ctl);

/*
 * Sends EXEC behind what is queued, which is so many XADD and then so many
 * HSET and HDEL, and takes all replies.
 */

transaction_e transaction_exec(control_t *ctl, size_t entries, size_t changes);


#endif /* _TRANSACTION_H_INCLUDED_ */
