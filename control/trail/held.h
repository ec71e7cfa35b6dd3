
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Hosts that the audit trail says are closed, and that Redis shows less closed
 * or not at all: nginx holds them as they were, if it has seen as much.
 */


#ifndef _HELD_H_INCLUDED_
#define _HELD_H_INCLUDED_


#include <jansson.h>

#include "context/control.h"


/*
 * Sets in held, an object, each such host to the record that the trail has of
 * it.  What an entry adopts is as it stands in Redis.  Returns a status.
 */

int held_read(control_t *ctl, json_t *held);


#endif /* _HELD_H_INCLUDED_ */
