
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The syslog of this machine as a witness: a line for each entry that was
 * written to the audit trail.
 */


#ifndef _AUDIT_SYSLOG_H_INCLUDED_
#define _AUDIT_SYSLOG_H_INCLUDED_


#include "trail/known_head.h"


/* at is the entry's own place; host is empty where it concerns none. */

void audit_syslog(const control_t *ctl, const head_t *at, const char *action,
    const char *host, const char *actor, const char *request);


#endif /* _AUDIT_SYSLOG_H_INCLUDED_ */
