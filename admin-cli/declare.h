
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Entries that concern no host: each is a transaction of its own, in which
 * no record is changed.
 */


#ifndef _DECLARE_H_INCLUDED_
#define _DECLARE_H_INCLUDED_


#include "flip.h"


/*
 * Writes the entry that follows *head, which becomes it, be the answer lost
 * or not.  The keys are watched and no reply is pending.
 */

flip_outcome_e declare(admin_t *a, const char *action, const char *reason,
    head_t *head);


#endif /* _DECLARE_H_INCLUDED_ */
