
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Audit entries on their way into the stream.
 */


#ifndef _ENTRY_H_INCLUDED_
#define _ENTRY_H_INCLUDED_


#include "context/control.h"
#include "trail/known_head.h"


/*
 * Queues the entry that follows *head, which becomes it; its v, chain, time,
 * key, salt, prev and hash are made here, and its signature if it is the last
 * of its transaction.  Returns a status.
 */

int entry_queue(control_t *ctl, const paylock_entry_t *fields, head_t *head,
    int last);

/* Sets a field; text may be NULL and stays the caller's. */

void entry_set(paylock_entry_t *e, paylock_audit_field_e field,
    const char *text);

/* Up to ENTRY_RANDOM random bytes as hex digits and a zero.  A status. */

#define ENTRY_RANDOM  16

int entry_random(control_t *ctl, char *hex, size_t n);


#endif /* _ENTRY_H_INCLUDED_ */
