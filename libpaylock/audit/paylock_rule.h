
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What an entry may do to the record of its host, by its action: the table of
 * docs/audit-format.md.
 */


#ifndef _PAYLOCK_RULE_H_INCLUDED_
#define _PAYLOCK_RULE_H_INCLUDED_


#include "paylock_audit.h"
#include "paylock_record.h"


/* What an entry does beside its action: who signs it needs these, too. */

#define PAYLOCK_RULE_OPENS   0x01      /* a lock, which opens at some time */
#define PAYLOCK_RULE_CLOSES  0x02      /* an unlock, which closes */
#define PAYLOCK_RULE_BEGINS  0x04      /* an archive: the trail begins there */

/* the clock of the writer may be ahead, seconds */

#define PAYLOCK_RULE_AHEAD   86400


/*
 * Does the record after the entry fit its action and the record before?
 * Returns NULL, or why not, as a static text that fits behind 'entry … '.
 * *needs is set to what the signer must be allowed beside the action.
 */

const char *paylock_rule_entry(const paylock_entry_t *e, unsigned *needs);

/*
 * The same for the times of records alone, from that moment on.  before is
 * what the caller knows of the host, all zero if nothing.
 */

const char *paylock_rule_times(paylock_str_t action,
    const paylock_record_t *before, const paylock_record_t *after,
    uint32_t from, unsigned *needs);

/* The action that the signer must be allowed as well; empty: none. */

paylock_str_t paylock_rule_needs(unsigned needs);


#endif /* _PAYLOCK_RULE_H_INCLUDED_ */
