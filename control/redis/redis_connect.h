
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Connects to Redis, with TLS if its URL says so.
 */


#ifndef _REDIS_CONNECT_H_INCLUDED_
#define _REDIS_CONNECT_H_INCLUDED_


#include "base/error.h"
#include "net/net_conn.h"


typedef struct settings_s  settings_t;


/*
 * Connects.  For rediss:// nothing is sent before the certificate of Redis is
 * checked.  Returns 0, or -1 and sets the error.  The caller closes the
 * connection, on errors too.
 */

int redis_connect(net_conn_t *conn, const settings_t *s, error_info_t *error);

/* Sets the error for TLS that failed, by errno; where: URL.  Returns -1. */

int redis_tls_failed(const net_conn_t *conn, const char *where,
    error_info_t *error);


#endif /* _REDIS_CONNECT_H_INCLUDED_ */
