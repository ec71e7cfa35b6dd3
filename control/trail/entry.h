
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Makes audit entries and queues them for the stream.
 */


#ifndef _ENTRY_H_INCLUDED_
#define _ENTRY_H_INCLUDED_


#include "context/control.h"
#include "trail/head_type.h"


/* Fails if no entry can follow *head, as the numbers are used up. */

int entry_room(control_t *ctl, const head_t *head);

/*
 * Queues the XADD of the entry that follows *head, and sets *head to the new
 * entry.  v, chain, time, key, salt, prev, skip and hash are added here: for
 * the skip skip_begin() was called.  So are the root and the signature, if it
 * is the last entry of its transaction: ctl->root is that of the records after
 * it then.  Returns a status.
 */

int entry_queue(control_t *ctl, const paylock_entry_t *fields, head_t *head,
    int last);

/* Sets a field; text may be NULL and must outlive the entry. */

void entry_set(paylock_entry_t *e, paylock_audit_field_e field,
    const char *text);

/* Writes n random bytes, ENTRY_RANDOM at most, as a hex string.  A status. */

#define ENTRY_RANDOM  16

int entry_random(control_t *ctl, char *hex, size_t n);


#endif /* _ENTRY_H_INCLUDED_ */
