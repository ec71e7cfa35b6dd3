
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The common beginning of "audit verify", "checkpoint" and "export".
 */


#ifndef _AUDIT_BEGIN_H_INCLUDED_
#define _AUDIT_BEGIN_H_INCLUDED_


#include "cli/admin.h"
#include "trail/verify.h"


/*
 * Calls verify_begin(), with --trust and --checkpoint.  The caller calls
 * verify_free() in any case.  Returns a status.
 */

int audit_begin(admin_t *a, verify_t *c);

/*
 * Connects to Redis; if nothing was seen there before, loads what this machine
 * remembers of the chain that is there.  Returns a status.
 */

int audit_connect(admin_t *a, verify_t *c);


#endif /* _AUDIT_BEGIN_H_INCLUDED_ */
