
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What makes the records in Redis less than what nginx does.
 */


#ifndef _HEALTH_H_INCLUDED_
#define _HEALTH_H_INCLUDED_


#include "commands.h"


/*
 * Warns, in a line each, where the audit trail is gone or another, and where
 * nodes of nginx hold hosts.  What cannot be looked at is passed over.
 */

void health_warn(admin_t *a);


#endif /* _HEALTH_H_INCLUDED_ */
