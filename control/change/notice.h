
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The change "notice": an entry that a notice was sent.  No record changes.
 */


#ifndef _NOTICE_H_INCLUDED_
#define _NOTICE_H_INCLUDED_


#include "change/change_batch.h"


/* The entry's fields; those that every entry has are set elsewhere. */

typedef struct {
    const char  *text[PAYLOCK_AUDIT_FIELDS];   /* NULL: none */
} change_notice_t;


/* args of the batch: a change_notice_t */

extern const change_kind_t  change_notice;


#endif /* _NOTICE_H_INCLUDED_ */
