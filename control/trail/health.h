
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What makes the records in Redis less than what nginx does.
 */


#ifndef _HEALTH_H_INCLUDED_
#define _HEALTH_H_INCLUDED_


#include "context/control.h"


/*
 * Warns, in a line each, where the audit trail is gone or another, and where
 * nodes of nginx hold hosts.  What cannot be looked at is passed over.
 */

void health_warn(control_t *ctl);


#endif /* _HEALTH_H_INCLUDED_ */
