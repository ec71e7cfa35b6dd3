
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/socket.h"
#include "net/net_conn.h"


typedef enum {
    NET_HANDSHAKE,
    NET_WRITE,
    NET_READ
} net_call_e;


static int net_expect(net_conn_t *c, const char *name);
static ssize_t net_call(net_conn_t *c, net_call_e call, void *data,
    size_t len, long long deadline);
static ssize_t net_call_tls(net_conn_t *c, net_call_e call, void *data,
    size_t len, short *events);


SSL_CTX *
net_context(void)
{
    SSL_CTX  *ctx;

    ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL
        || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
    {
        SSL_CTX_free(ctx);
        return NULL;
    }

    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
                          |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
    /* replies have a length, so truncation is noticed without close_notify */
    SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
#endif

    return ctx;
}


int
net_tls(net_conn_t *c, SSL_CTX *ctx, const char *name, long long deadline)
{
    c->name = name;
    c->ssl = SSL_new(ctx);

    if (c->ssl == NULL || net_expect(c, name) != 0) {
        c->error = ERR_peek_last_error();
        errno = EPROTO;
        return -1;
    }

    return net_call(c, NET_HANDSHAKE, NULL, 0, deadline) > 0 ? 0 : -1;
}


int
net_send(net_conn_t *c, const void *data, size_t len, long long deadline)
{
    int      error;
    char     byte;
    size_t   sent;
    ssize_t  n;

    for (sent = 0; sent < len; sent += (size_t) n) {
        n = net_call(c, NET_WRITE, (char *) data + sent, len - sent,
                     deadline);

        if (n > 0) {
            continue;
        }

        /* a TLS alert that says why may be waiting to be read */

        error = errno;

        if (c->ssl && (net_call(c, NET_READ, &byte, 1, 0) >= 0
                       || errno != EPROTO))
        {
            errno = error;
        }

        return -1;
    }

    return 0;
}


ssize_t
net_recv(net_conn_t *c, void *buf, size_t size, long long deadline)
{
    return net_call(c, NET_READ, buf, size, deadline);
}


const char *
net_error(const net_conn_t *c)
{
    const char  *text;

    if (errno != EPROTO) {
        return strerror(errno);
    }

    text = ERR_reason_error_string(c->error);

    return text ? text : "unknown error";
}


void
net_close(net_conn_t *c)
{
    SSL_free(c->ssl);
    c->ssl = NULL;

    if (c->fd != -1) {
        (void) close(c->fd);
        c->fd = -1;
    }
}


/* Sets the name for SNI and that the certificate must have. */

static int
net_expect(net_conn_t *c, const char *name)
{
    unsigned char  addr[16];

    if (SSL_set_fd(c->ssl, c->fd) != 1) {
        return -1;
    }

    if (inet_pton(AF_INET, name, addr) == 1
        || inet_pton(AF_INET6, name, addr) == 1)
    {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->ssl), name)
               ? 0 : -1;
    }

    return SSL_set1_host(c->ssl, name) == 1
           && SSL_set_tlsext_host_name(c->ssl, name) == 1 ? 0 : -1;
}


static ssize_t
net_call(net_conn_t *c, net_call_e call, void *data, size_t len,
    long long deadline)
{
    short    events;
    ssize_t  n;

    for ( ;; ) {
        events = call == NET_WRITE ? POLLOUT : POLLIN;

        n = c->ssl ? net_call_tls(c, call, data, len, &events)
            : call == NET_WRITE ? send(c->fd, data, len, MSG_NOSIGNAL)
                                   : recv(c->fd, data, len, 0);

        if (n >= 0) {
            return n;
        }

        if (errno != EINTR
            && (errno != EAGAIN
                || socket_wait(c->fd, events, deadline) != 0))
        {
            return -1;
        }
    }
}


/*
 * Like send() and recv(); on EAGAIN sets *events to what to wait for.  SIGPIPE
 * is ignored meanwhile, as OpenSSL does not use MSG_NOSIGNAL.
 */

static ssize_t
net_call_tls(net_conn_t *c, net_call_e call, void *data, size_t len,
    short *events)
{
    int               n, size, error;
    struct sigaction  ignore, old;

    memset(&ignore, 0, sizeof(ignore));
    ignore.sa_handler = SIG_IGN;
    (void) sigaction(SIGPIPE, &ignore, &old);

    ERR_clear_error();
    errno = 0;
    size = len > INT_MAX ? INT_MAX : (int) len;

    n = call == NET_HANDSHAKE ? SSL_connect(c->ssl)
        : call == NET_WRITE ? SSL_write(c->ssl, data, size)
                               : SSL_read(c->ssl, data, size);

    error = errno;
    (void) sigaction(SIGPIPE, &old, NULL);

    if (n > 0) {
        return n;
    }

    switch (SSL_get_error(c->ssl, n)) {

    case SSL_ERROR_WANT_READ:
        *events = POLLIN;
        errno = EAGAIN;
        return -1;

    case SSL_ERROR_WANT_WRITE:
        *events = POLLOUT;
        errno = EAGAIN;
        return -1;

    case SSL_ERROR_ZERO_RETURN:
        errno = ECONNRESET;
        return 0;

    case SSL_ERROR_SYSCALL:
        errno = error ? error : ECONNRESET;
        return error ? -1 : 0;

    default:
        c->error = ERR_peek_error();
        errno = EPROTO;
        return -1;
    }
}
