
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Writes the first entry of a trail.
 */


#ifndef _TRAIL_CREATE_H_INCLUDED_
#define _TRAIL_CREATE_H_INCLUDED_


#include "trail/head.h"


/*
 * Writes the entry "init", signed if there is a key, and sets *head to it.  The
 * caller has called head_read(), which found no stream.  *created is 0 if
 * another client was faster.  Returns a status.
 */

int trail_create(control_t *ctl, head_t *head, int *created);


#endif /* _TRAIL_CREATE_H_INCLUDED_ */
