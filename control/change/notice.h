
/*
 * Copyright (C) 2026 paylock contributors
 *
 * That a notice was sent; no record changes.
 */


#ifndef _NOTICE_H_INCLUDED_
#define _NOTICE_H_INCLUDED_


#include "change/change_batch.h"


/* What the entry says; fields that every entry has are not the caller's. */

typedef struct {
    const char  *text[PAYLOCK_AUDIT_FIELDS];   /* NULL: nothing */
} change_notice_t;


/* a batch's args are a change_notice_t */

extern const change_kind_t  change_notice;


#endif /* _NOTICE_H_INCLUDED_ */
