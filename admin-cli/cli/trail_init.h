
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Begins the audit trail, or remembers the one that is there.
 */


#ifndef _TRAIL_INIT_H_INCLUDED_
#define _TRAIL_INIT_H_INCLUDED_


#include "cli/admin.h"
#include "trail/head.h"


/*
 * After NEEDS_KNOWN and NEEDS_REDIS.  Asks before a trail that is there is
 * remembered, and before one is begun while nodes of nginx follow another.
 * *created: 1 if it was begun, or would be in a dry run.  Returns a status.
 */

int trail_init(admin_t *a, head_t *head, int *created);


#endif /* _TRAIL_INIT_H_INCLUDED_ */
