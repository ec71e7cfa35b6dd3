
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A connection: a socket that does not block, with TLS or without.
 */


#ifndef _NET_CONN_H_INCLUDED_
#define _NET_CONN_H_INCLUDED_


#include <stddef.h>
#include <sys/types.h>

#include <openssl/ssl.h>


typedef struct {
    int             fd;                /* -1: not connected */
    SSL            *ssl;               /* NULL: without TLS */
    const char     *name;              /* that its certificate must have */
    unsigned long   error;             /* OpenSSL's */
} net_conn_t;


/* For TLS 1.2 and later; the caller frees it.  NULL: OpenSSL has the error. */

SSL_CTX *net_context(void);

/*
 * Shakes hands for TLS, and checks that the certificate is for name, a host
 * or an address, which must outlive the connection.  Returns 0, or -1 and
 * errno, of which net_error() makes a text.
 */

int net_tls(net_conn_t *c, SSL_CTX *ctx, const char *name, long long deadline);

/*
 * Sends all; receives what there is, 0 at the end.  Both wait until the clock
 * is at deadline.  Return -1 and errno; with EPROTO TLS has failed.
 */

int net_send(net_conn_t *c, const void *data, size_t len, long long deadline);
ssize_t net_recv(net_conn_t *c, void *buf, size_t size, long long deadline);

/* What errno says, or with EPROTO OpenSSL. */

const char *net_error(const net_conn_t *c);

void net_close(net_conn_t *c);


#endif /* _NET_CONN_H_INCLUDED_ */
