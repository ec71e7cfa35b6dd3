
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Warnings that nginx may not do what the records in Redis say.
 */


#ifndef _HEALTH_H_INCLUDED_
#define _HEALTH_H_INCLUDED_


#include "context/control.h"


/*
 * Warns if the audit trail is lost or is another one, and if nodes of nginx
 * hold hosts.  Checks that fail are skipped.
 */

void health_warn(control_t *ctl);


#endif /* _HEALTH_H_INCLUDED_ */
