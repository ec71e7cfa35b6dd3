
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads from Redis to which entries the next ones lead by their skip.  Each is
 * known by its hash from the one before, so that nothing else is believed; of
 * those that are archived a signed entry tells.
 */


#ifndef _SKIP_H_INCLUDED_
#define _SKIP_H_INCLUDED_


#include "context/control.h"
#include "trail/head_type.h"


/*
 * Begins ctl->skip behind an entry that stands (seq 0: none does), for the n
 * entries from first on.  Returns a status.
 */

int skip_begin(control_t *ctl, const head_t *behind, uint64_t first, size_t n);


#endif /* _SKIP_H_INCLUDED_ */
