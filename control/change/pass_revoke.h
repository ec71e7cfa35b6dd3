
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The change "pass revoke": passes that were issued until now are refused.
 */


#ifndef _PASS_REVOKE_H_INCLUDED_
#define _PASS_REVOKE_H_INCLUDED_


#include "change/change_batch.h"


typedef struct {
    control_t  *ctl;
    uint32_t    now;
    json_t     *latest;                /* empty object of the caller */
} change_pass_revoke_t;


/* args of the batch: a change_pass_revoke_t, which is changed */

extern const change_kind_t  change_pass_revoke;


#endif /* _PASS_REVOKE_H_INCLUDED_ */
