
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Opens a connection to Redis.  With a "resolver" the name is resolved for each
 * connection; the resolver caches for the TTL.  All addresses are tried before
 * the connection fails.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "ngx_http_paylock_redis.h"


#define NGX_HTTP_PAYLOCK_REDIS_OUT  4096


static void ngx_http_paylock_redis_resolve(ngx_http_paylock_redis_conn_t *conn);
static void ngx_http_paylock_redis_resolved(ngx_resolver_ctx_t *ctx);
static void ngx_http_paylock_redis_connect_known(
    ngx_http_paylock_redis_conn_t *conn, const char *why);
static ngx_uint_t ngx_http_paylock_redis_connect_addrs(
    ngx_http_paylock_redis_conn_t *conn, ngx_resolver_ctx_t *ctx);
static void ngx_http_paylock_redis_connect_next(
    ngx_http_paylock_redis_conn_t *conn);
static void ngx_http_paylock_redis_connect_failed(
    ngx_http_paylock_redis_conn_t *conn, const char *what, ngx_err_t err);
static void ngx_http_paylock_redis_connect_handler(ngx_event_t *ev);
static void ngx_http_paylock_redis_connect_done(
    ngx_http_paylock_redis_conn_t *conn);
static void ngx_http_paylock_redis_connected(
    ngx_http_paylock_redis_conn_t *conn);


void
ngx_http_paylock_redis_open(ngx_http_paylock_redis_conn_t *conn)
{
    /* nginx would log each attempt: the owner logs an outage once */

    conn->quiet_log = *conn->log;
    conn->quiet_log.log_level = conn->redis->tls ? NGX_LOG_ERR : NGX_LOG_EMERG;
    conn->quiet_log.writer = ngx_http_paylock_redis_tls_log;
    conn->quiet_log.wdata = conn;
    conn->quiet_log.next = NULL;
    conn->why[0] = '\0';
    conn->from_server = 0;
    conn->no_connections = 0;
    conn->broken = 0;
    conn->busy = 0;
    conn->large = 0;
    conn->optional_due = 0;
    conn->due = 0;
    conn->posted = 0;

    conn->turn.handler = ngx_http_paylock_redis_turn;
    conn->turn.data = conn;
    conn->turn.log = conn->log;

    conn->pool = ngx_create_pool(NGX_HTTP_PAYLOCK_REDIS_OUT, conn->log);
    if (conn->pool == NULL) {
        ngx_http_paylock_redis_fail(conn, "no memory");
        return;
    }

    conn->out = ngx_create_temp_buf(conn->pool, NGX_HTTP_PAYLOCK_REDIS_OUT);
    conn->resp = paylock_resp_create();

    if (conn->out == NULL || conn->resp == NULL) {
        ngx_http_paylock_redis_fail(conn, "no memory");
        return;
    }

    ngx_http_paylock_redis_resolve(conn);
}


static void
ngx_http_paylock_redis_resolve(ngx_http_paylock_redis_conn_t *conn)
{
    ngx_resolver_ctx_t  *ctx;

    if (conn->redis->resolver == NULL) {
        ngx_http_paylock_redis_connect_known(conn, NULL);
        return;
    }

    ctx = ngx_resolve_start(conn->redis->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_http_paylock_redis_connect_known(conn, "no memory");
        return;
    }

    ctx->name = conn->redis->host;
    ctx->handler = ngx_http_paylock_redis_resolved;
    ctx->data = conn;
    ctx->timeout = conn->redis->connect_timeout;
    ctx->cancelable = 1;

    /* the handler may be called at once and free everything: set this first */

    conn->resolve = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        conn->resolve = NULL;
        ngx_http_paylock_redis_connect_known(conn,
                                             "no name server can be asked");
    }
}


static void
ngx_http_paylock_redis_resolved(ngx_resolver_ctx_t *ctx)
{
    ngx_int_t                       state;
    ngx_http_paylock_redis_conn_t  *conn;

    conn = ctx->data;
    state = ctx->state;

    if (state == NGX_OK) {
        conn->naddrs = ngx_http_paylock_redis_connect_addrs(conn, ctx);
    }

    conn->resolve = NULL;
    ngx_resolve_name_done(ctx);

    if (state != NGX_OK) {
        ngx_http_paylock_redis_connect_known(conn,
                                             ngx_resolver_strerror(state));

    } else if (conn->naddrs == 0) {
        ngx_http_paylock_redis_connect_known(conn, "no memory");

    } else {
        ngx_http_paylock_redis_connect_next(conn);
    }
}


/* Copies the addresses: the resolver frees them with its context. */

static ngx_uint_t
ngx_http_paylock_redis_connect_addrs(ngx_http_paylock_redis_conn_t *conn,
    ngx_resolver_ctx_t *ctx)
{
    ngx_uint_t        i;
    ngx_addr_t       *addr;
    struct sockaddr  *sockaddr;

    addr = ngx_pcalloc(conn->pool, ctx->naddrs * sizeof(ngx_addr_t));

    if (addr == NULL) {
        return 0;
    }

    for (i = 0; i < ctx->naddrs; i++) {
        sockaddr = ngx_palloc(conn->pool, ctx->addrs[i].socklen);

        if (sockaddr == NULL) {
            return 0;
        }

        ngx_memcpy(sockaddr, ctx->addrs[i].sockaddr, ctx->addrs[i].socklen);
        ngx_inet_set_port(sockaddr, conn->redis->port);

        addr[i].sockaddr = sockaddr;
        addr[i].socklen = ctx->addrs[i].socklen;
    }

    conn->addrs = addr;
    conn->addrs_left = ctx->naddrs;

    return ctx->naddrs;
}


/* Uses the addresses that were resolved with the configuration. */

static void
ngx_http_paylock_redis_connect_known(ngx_http_paylock_redis_conn_t *conn,
    const char *why)
{
    if (conn->redis->naddrs == 0) {
        (void) ngx_snprintf((u_char *) conn->why, sizeof(conn->why),
                            "the name cannot be resolved: %s%Z", why);
        ngx_http_paylock_redis_fail(conn, conn->why);
        return;
    }

    conn->addrs = conn->redis->addrs;
    conn->naddrs = conn->redis->naddrs;
    conn->addrs_left = conn->naddrs;

    ngx_http_paylock_redis_connect_next(conn);
}


static void
ngx_http_paylock_redis_connect_next(ngx_http_paylock_redis_conn_t *conn)
{
    ngx_int_t          rc;
    ngx_addr_t        *addr;
    ngx_connection_t  *c;

    addr = &conn->addrs[conn->naddr++ % conn->naddrs];
    conn->addrs_left--;
    conn->why[0] = '\0';

    ngx_memzero(&conn->peer, sizeof(ngx_peer_connection_t));

    conn->peer.sockaddr = addr->sockaddr;
    conn->peer.socklen = addr->socklen;
    conn->peer.name = &conn->redis->name;
    conn->peer.get = ngx_event_get_peer;
    conn->peer.log = &conn->quiet_log;
    conn->peer.log_error = NGX_ERROR_ERR;

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, conn->log, 0,
                   "paylock redis: connect to %V, address %ui of %ui",
                   &conn->redis->name, conn->naddrs - conn->addrs_left,
                   conn->naddrs);

    ngx_set_socket_errno(0);

    rc = ngx_event_connect_peer(&conn->peer);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        conn->why[0] = '\0';
        conn->no_connections = ngx_cycle->free_connection_n == 0;
        ngx_http_paylock_redis_connect_failed(conn,
                                              conn->no_connections
                                              ? "cannot connect, since all "
                                                "\"worker_connections\" are "
                                                "in use: raise them"
                                              : "cannot connect",
                                              ngx_socket_errno);
        return;
    }

    c = conn->peer.connection;

    c->data = conn;
    c->pool = conn->pool;
    c->idle = 1;
    c->read->handler = ngx_http_paylock_redis_connect_handler;
    c->write->handler = ngx_http_paylock_redis_connect_handler;
    c->read->cancelable = 1;

    /* replaced by the timer of the first command */

    ngx_add_timer(c->read, conn->redis->connect_timeout);

    if (rc == NGX_OK) {
        ngx_http_paylock_redis_connect_done(conn);
    }
}


/* Tries the next address: nobody may listen at ::1 of localhost. */

static void
ngx_http_paylock_redis_connect_failed(ngx_http_paylock_redis_conn_t *conn,
    const char *what, ngx_err_t err)
{
    if (conn->addrs_left == 0 || conn->no_connections) {
        ngx_http_paylock_redis_fail_errno(conn, what, err);
        return;
    }

    if (conn->peer.connection) {
        ngx_close_connection(conn->peer.connection);
        conn->peer.connection = NULL;
    }

    ngx_http_paylock_redis_connect_next(conn);
}


static void
ngx_http_paylock_redis_connect_handler(ngx_event_t *ev)
{
    int                             err;
    socklen_t                       len;
    ngx_connection_t               *c;
    ngx_http_paylock_redis_conn_t  *conn;

    c = ev->data;
    conn = c->data;

    if (c->close) {
        ngx_http_paylock_redis_fail(conn, NULL);
        return;
    }

    if (ev->timedout) {

        if (ngx_http_paylock_redis_expired(conn, ev)) {
            ngx_http_paylock_redis_connect_failed(conn,
                                                  "cannot connect in time", 0);
        }

        return;
    }

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_http_paylock_redis_connect_failed(conn, "cannot connect", err);
        return;
    }

    ngx_http_paylock_redis_connect_done(conn);
}


static void
ngx_http_paylock_redis_connect_done(ngx_http_paylock_redis_conn_t *conn)
{
    if (conn->redis->tls) {
        ngx_http_paylock_redis_tls_handshake(conn,
                                             ngx_http_paylock_redis_connected);
        return;
    }

    ngx_http_paylock_redis_connected(conn);
}


static void
ngx_http_paylock_redis_connected(ngx_http_paylock_redis_conn_t *conn)
{
    ngx_connection_t  *c;

    c = conn->peer.connection;

    c->read->handler = ngx_http_paylock_redis_read_handler;
    c->write->handler = ngx_http_paylock_redis_write_handler;

    ngx_log_debug1(NGX_LOG_DEBUG_EVENT, conn->log, 0,
                   "paylock redis: connected, %s",
                   conn->redis->tls ? "TLS" : "no TLS");

    conn->ready(conn->data);
}
