
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Writes a line to the syslog for each entry of the audit trail that was
 * written here, as a witness outside of Redis.
 */


#ifndef _AUDIT_SYSLOG_H_INCLUDED_
#define _AUDIT_SYSLOG_H_INCLUDED_


#include "context/control.h"
#include "trail/head_type.h"


/* at: seq, chain and hash of the entry; host is empty if it has none. */

void audit_syslog(const control_t *ctl, const head_t *at, const char *action,
    const char *host, const char *actor, const char *request);


#endif /* _AUDIT_SYSLOG_H_INCLUDED_ */
