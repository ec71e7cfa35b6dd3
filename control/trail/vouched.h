
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Records whose entry is archived: the root that the last entry signed vouches
 * for all records at once.
 */


#ifndef _VOUCHED_H_INCLUDED_
#define _VOUCHED_H_INCLUDED_


#include "context/control.h"


/*
 * Is this record one of those that the entry seq signed, of which ctl->root is?
 * All records are read for that, once; if they do not fit, none is.  Sets
 * *vouched.  Returns a status.
 */

int vouched_record(control_t *ctl, uint64_t seq, const paylock_str_t *host,
    const paylock_str_t *record, int *vouched);


#endif /* _VOUCHED_H_INCLUDED_ */
