
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reports the result of a verification, for people and for scripts.
 */


#ifndef _VERIFY_REPORT_H_INCLUDED_
#define _VERIFY_REPORT_H_INCLUDED_


#include "trail/verify.h"


/*
 * Prints what was found; header is that of an export, or NULL for Redis;
 * c->data is the admin_t.  Returns the value of verify_status().
 */

int verify_report(verify_t *c, const paylock_export_header_t *header);


#endif /* _VERIFY_REPORT_H_INCLUDED_ */
