
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Since Redis 7.4 and Valkey 9 a field of a hash may have a time to live.  A
 * record that expires is gone without an entry in the trail.
 */


#ifndef _EXPIRY_H_INCLUDED_
#define _EXPIRY_H_INCLUDED_


#include <stdint.h>

#include "context/control.h"


#define EXPIRY_SLICE  1000             /* records per command */


/*
 * Sets left[i] to the milliseconds after which the record host[i] is gone, or
 * to -1 if it stays, as it always does where Redis cannot do that or does not
 * say.  *known, if not NULL, tells whether it said.  Returns a status.
 */

int expiry_find(control_t *ctl, const char *const *host, size_t n,
    int64_t *left, int *known);


#endif /* _EXPIRY_H_INCLUDED_ */
