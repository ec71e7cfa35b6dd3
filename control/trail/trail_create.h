
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The first entry of a trail.
 */


#ifndef _TRAIL_CREATE_H_INCLUDED_
#define _TRAIL_CREATE_H_INCLUDED_


#include "trail/head.h"


/*
 * Writes the first entry, "init", signed if there is a key, and sets *head to
 * it; head_read() has found no stream, and watches it.  *created is 0 if
 * another was faster.  Returns a status.
 */

int trail_create(control_t *ctl, head_t *head, int *created);


#endif /* _TRAIL_CREATE_H_INCLUDED_ */
