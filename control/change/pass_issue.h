
/*
 * Copyright (C) 2026 paylock contributors
 *
 * That a pass is issued; no record changes.
 */


#ifndef _PASS_ISSUE_H_INCLUDED_
#define _PASS_ISSUE_H_INCLUDED_


#include "change/change_batch.h"
#include "change/pass_entry.h"


typedef struct {
    uint32_t        ttl;               /* seconds, not 0 */
    const char     *reason;            /* NULL: none */
    paylock_pass_t  pass;              /* its key is set; the rest is made */
    char            reference[PASS_ENTRY_REFERENCE];   /* made, too */
} change_pass_issue_t;


/* a batch's args are a change_pass_issue_t */

extern const change_kind_t  change_pass_issue;


#endif /* _PASS_ISSUE_H_INCLUDED_ */
