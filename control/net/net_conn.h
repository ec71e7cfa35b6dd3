
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A connection: a non-blocking socket, with or without TLS.
 */


#ifndef _NET_CONN_H_INCLUDED_
#define _NET_CONN_H_INCLUDED_


#include <stddef.h>
#include <sys/types.h>

#include <openssl/ssl.h>


typedef struct {
    int             fd;                /* -1: not connected */
    SSL            *ssl;               /* NULL: without TLS */
    const char     *name;              /* expected in the certificate */
    unsigned long   error;             /* of OpenSSL */
} net_conn_t;


/* For TLS 1.2 and later; the caller frees it.  NULL: see ERR_get_error(). */

SSL_CTX *net_context(void);

/*
 * Does the TLS handshake and checks that the certificate is valid for name, a
 * host or an address, which must outlive the connection.  The deadline is a
 * value of clock_ms().  Returns 0, or -1 and sets errno; see net_error().
 */

int net_tls(net_conn_t *c, SSL_CTX *ctx, const char *name, long long deadline);

/*
 * net_send() sends all and returns 0; net_recv() returns the number of bytes
 * received, 0 at the end.  Both wait until clock_ms() reaches the deadline.  On
 * errors they return -1 and set errno; EPROTO: TLS failed.
 */

int net_send(net_conn_t *c, const void *data, size_t len, long long deadline);
ssize_t net_recv(net_conn_t *c, void *buf, size_t size, long long deadline);

/* The text for errno; if that is EPROTO, for the error of OpenSSL. */

const char *net_error(const net_conn_t *c);

void net_close(net_conn_t *c);


#endif /* _NET_CONN_H_INCLUDED_ */
