
/*
 * Copyright (C) 2026 paylock contributors
 *
 * TLS with Redis, on a connected socket that does not block.
 */


#ifndef _TLS_H_INCLUDED_
#define _TLS_H_INCLUDED_


#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"


typedef struct tls_s       tls_t;
typedef struct settings_s  settings_t;


/*
 * Shakes hands and looks at the certificate of Redis: before all is well,
 * nothing is sent.  NULL, and the problem noted, if it is not.
 */

tls_t *tls_open(const settings_t *s, int fd, error_info_t *p);
void tls_close(tls_t *t);

/*
 * As send() and recv() do.  With EAGAIN tls_events() says what to wait for,
 * with EPROTO tls_problem() what went wrong.
 */

ssize_t tls_send(tls_t *t, const void *data, size_t len);
ssize_t tls_recv(tls_t *t, void *buf, size_t size);
short tls_events(const tls_t *t);

/* Notes why TLS failed; returns -1. */

int tls_problem(const tls_t *t, error_info_t *p);


#endif /* _TLS_H_INCLUDED_ */
