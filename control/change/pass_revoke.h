
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Passes that were issued until now are refused.
 */


#ifndef _PASS_REVOKE_H_INCLUDED_
#define _PASS_REVOKE_H_INCLUDED_


#include "change/change_batch.h"


typedef struct {
    control_t  *ctl;
    uint32_t    now;
    json_t     *latest;                /* an empty object, the caller's */
} change_pass_revoke_t;


/* a batch's args are a change_pass_revoke_t */

extern const change_kind_t  change_pass_revoke;


#endif /* _PASS_REVOKE_H_INCLUDED_ */
