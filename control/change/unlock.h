
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Sites are opened, whatever their server's default is.
 */


#ifndef _UNLOCK_H_INCLUDED_
#define _UNLOCK_H_INCLUDED_


#include "change/change_batch.h"


typedef struct {
    uint32_t     until;                /* to be locked then; 0: not */
    const char  *reason;               /* NULL: as it is; "": none */
} change_unlock_t;


/* a batch's args are a change_unlock_t */

extern const change_kind_t  change_unlock;


#endif /* _UNLOCK_H_INCLUDED_ */
