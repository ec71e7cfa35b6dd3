
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Connecting to Redis, with TLS if its URL says so.
 */


#ifndef _REDIS_CONNECT_H_INCLUDED_
#define _REDIS_CONNECT_H_INCLUDED_


#include "base/error.h"
#include "net/net_conn.h"


typedef struct settings_s  settings_t;


/*
 * Connects.  For rediss:// it checks the certificate of Redis: until all is
 * well nothing is sent.  Returns 0, or -1 and the error is set; then, too, the
 * caller closes the connection.
 */

int redis_connect(net_conn_t *conn, const settings_t *s, error_info_t *error);

/* Says why TLS failed with the Redis at where, by errno; returns -1. */

int redis_tls_failed(const net_conn_t *conn, const char *where,
    error_info_t *error);


#endif /* _REDIS_CONNECT_H_INCLUDED_ */
