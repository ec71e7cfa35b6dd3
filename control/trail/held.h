
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Hosts whose record in Redis is less strict than the audit trail says.  A node
 * of nginx that has seen the closed record keeps ("holds") it.
 */


#ifndef _HELD_H_INCLUDED_
#define _HELD_H_INCLUDED_


#include <jansson.h>

#include "context/control.h"


/*
 * Adds a member to the object "held" for each such host: the record that the
 * trail has.  After an "adopt" entry the records in Redis count as good.
 * Returns a status.
 */

int held_read(control_t *ctl, json_t *held);


#endif /* _HELD_H_INCLUDED_ */
