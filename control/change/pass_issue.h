
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The change "pass issue": an entry that a pass is issued.  No record changes.
 */


#ifndef _PASS_ISSUE_H_INCLUDED_
#define _PASS_ISSUE_H_INCLUDED_


#include "change/change_batch.h"
#include "change/pass_entry.h"


typedef struct {
    uint32_t        ttl;               /* seconds, not 0 */
    const char     *reason;            /* NULL: none */
    paylock_pass_t  pass;              /* caller sets its key, no more */
    char            reference[PASS_ENTRY_REFERENCE];   /* result */
} change_pass_issue_t;


/* args of the batch: a change_pass_issue_t, which is changed */

extern const change_kind_t  change_pass_issue;


#endif /* _PASS_ISSUE_H_INCLUDED_ */
