
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What verification found, for people and for programs.
 */


#ifndef _VERIFY_REPORT_H_INCLUDED_
#define _VERIFY_REPORT_H_INCLUDED_


#include "trail/verify.h"


/*
 * Prints what was found, header being that of an export, or NULL; c->data is
 * the admin_t.  Returns what verify_status() does.
 */

int verify_report(verify_t *c, const paylock_export_header_t *header);


#endif /* _VERIFY_REPORT_H_INCLUDED_ */
