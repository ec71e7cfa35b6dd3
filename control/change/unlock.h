
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The change "unlock": sites are opened, whatever their server's default is.
 */


#ifndef _UNLOCK_H_INCLUDED_
#define _UNLOCK_H_INCLUDED_


#include "change/change_batch.h"


typedef struct {
    uint32_t     until;                /* lock again then; 0: never */
    const char  *reason;               /* NULL: unchanged; "": none */
} change_unlock_t;


/* args of the batch: a change_unlock_t */

extern const change_kind_t  change_unlock;


#endif /* _UNLOCK_H_INCLUDED_ */
