
/*
 * Copyright (C) 2026 paylock contributors
 *
 * From the name of Redis to a connection.  Where nginx has a resolver, that is
 * asked anew for each one; it keeps an answer for as long as that is valid.
 * All addresses of the name are tried before there is a failure.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "ngx_http_paylock_link.h"


#define NGX_HTTP_PAYLOCK_LINK_OUT  4096


static void ngx_http_paylock_connect(ngx_http_paylock_link_t *link);
static void ngx_http_paylock_connect_resolved(ngx_resolver_ctx_t *ctx);
static void ngx_http_paylock_connect_known(ngx_http_paylock_link_t *link,
    const char *why);
static ngx_uint_t ngx_http_paylock_connect_addrs(
    ngx_http_paylock_link_t *link, ngx_resolver_ctx_t *ctx);
static void ngx_http_paylock_connect_next(ngx_http_paylock_link_t *link);
static void ngx_http_paylock_connect_failed(ngx_http_paylock_link_t *link,
    const char *what, ngx_err_t err);
static void ngx_http_paylock_connect_handler(ngx_event_t *ev);
static void ngx_http_paylock_connect_done(ngx_http_paylock_link_t *link);
static void ngx_http_paylock_link_connected(ngx_http_paylock_link_t *link);


void
ngx_http_paylock_link_open(ngx_http_paylock_link_t *link)
{
    /* what happens is logged once, by the owner, not at each attempt */

    link->quiet = *link->log;
    link->quiet.log_level = link->redis->tls ? NGX_LOG_ERR : NGX_LOG_EMERG;
    link->quiet.writer = ngx_http_paylock_tls_note;
    link->quiet.wdata = link;
    link->quiet.next = NULL;
    link->why[0] = '\0';
    link->foreign = 0;
    link->crowded = 0;
    link->broken = 0;
    link->busy = 0;
    link->large = 0;
    link->trying = 0;
    link->due = 0;
    link->posted = 0;

    link->turn.handler = ngx_http_paylock_link_turn;
    link->turn.data = link;
    link->turn.log = link->log;

    link->pool = ngx_create_pool(NGX_HTTP_PAYLOCK_LINK_OUT, link->log);
    if (link->pool == NULL) {
        ngx_http_paylock_link_fail(link, "no memory");
        return;
    }

    link->out = ngx_create_temp_buf(link->pool, NGX_HTTP_PAYLOCK_LINK_OUT);
    link->resp = paylock_resp_create();

    if (link->out == NULL || link->resp == NULL) {
        ngx_http_paylock_link_fail(link, "no memory");
        return;
    }

    ngx_http_paylock_connect(link);
}


static void
ngx_http_paylock_connect(ngx_http_paylock_link_t *link)
{
    ngx_resolver_ctx_t  *ctx;

    if (link->redis->resolver == NULL) {
        ngx_http_paylock_connect_known(link, NULL);
        return;
    }

    ctx = ngx_resolve_start(link->redis->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_http_paylock_connect_known(link, "no memory");
        return;
    }

    ctx->name = link->redis->host;
    ctx->handler = ngx_http_paylock_connect_resolved;
    ctx->data = link;
    ctx->timeout = link->redis->connect_timeout;
    ctx->cancelable = 1;

    /* the handler may be called at once, and all be over after that */

    link->resolve = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        link->resolve = NULL;
        ngx_http_paylock_connect_known(link, "no name server can be asked");
    }
}


static void
ngx_http_paylock_connect_resolved(ngx_resolver_ctx_t *ctx)
{
    ngx_int_t                 state;
    ngx_http_paylock_link_t  *link;

    link = ctx->data;
    state = ctx->state;

    if (state == NGX_OK) {
        link->naddrs = ngx_http_paylock_connect_addrs(link, ctx);
    }

    link->resolve = NULL;
    ngx_resolve_name_done(ctx);

    if (state != NGX_OK) {
        ngx_http_paylock_connect_known(link, ngx_resolver_strerror(state));

    } else if (link->naddrs == 0) {
        ngx_http_paylock_connect_known(link, "no memory");

    } else {
        ngx_http_paylock_connect_next(link);
    }
}


/* The addresses are gone when the answer has been dealt with. */

static ngx_uint_t
ngx_http_paylock_connect_addrs(ngx_http_paylock_link_t *link,
    ngx_resolver_ctx_t *ctx)
{
    ngx_uint_t        i;
    ngx_addr_t       *addr;
    struct sockaddr  *sockaddr;

    addr = ngx_pcalloc(link->pool, ctx->naddrs * sizeof(ngx_addr_t));

    if (addr == NULL) {
        return 0;
    }

    for (i = 0; i < ctx->naddrs; i++) {
        sockaddr = ngx_palloc(link->pool, ctx->addrs[i].socklen);

        if (sockaddr == NULL) {
            return 0;
        }

        ngx_memcpy(sockaddr, ctx->addrs[i].sockaddr, ctx->addrs[i].socklen);
        ngx_inet_set_port(sockaddr, link->redis->port);

        addr[i].sockaddr = sockaddr;
        addr[i].socklen = ctx->addrs[i].socklen;
    }

    link->addrs = addr;
    link->untried = ctx->naddrs;

    return ctx->naddrs;
}


/* To one of the addresses that were found with the configuration. */

static void
ngx_http_paylock_connect_known(ngx_http_paylock_link_t *link, const char *why)
{
    if (link->redis->naddrs == 0) {
        (void) ngx_snprintf((u_char *) link->why, sizeof(link->why),
                            "the name cannot be resolved: %s%Z", why);
        ngx_http_paylock_link_fail(link, link->why);
        return;
    }

    link->addrs = link->redis->addrs;
    link->naddrs = link->redis->naddrs;
    link->untried = link->naddrs;

    ngx_http_paylock_connect_next(link);
}


static void
ngx_http_paylock_connect_next(ngx_http_paylock_link_t *link)
{
    ngx_int_t          rc;
    ngx_addr_t        *addr;
    ngx_connection_t  *c;

    addr = &link->addrs[link->naddr++ % link->naddrs];
    link->untried--;
    link->why[0] = '\0';

    ngx_memzero(&link->peer, sizeof(ngx_peer_connection_t));

    link->peer.sockaddr = addr->sockaddr;
    link->peer.socklen = addr->socklen;
    link->peer.name = &link->redis->name;
    link->peer.get = ngx_event_get_peer;
    link->peer.log = &link->quiet;
    link->peer.log_error = NGX_ERROR_ERR;

    ngx_set_socket_errno(0);

    rc = ngx_event_connect_peer(&link->peer);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        link->why[0] = '\0';
        link->crowded = ngx_cycle->free_connection_n == 0;
        ngx_http_paylock_connect_failed(link, link->crowded
                                              ? "cannot connect, since all "
                                                "\"worker_connections\" are "
                                                "in use: raise them"
                                              : "cannot connect",
                                        ngx_socket_errno);
        return;
    }

    c = link->peer.connection;

    c->data = link;
    c->pool = link->pool;
    c->idle = 1;
    c->read->handler = ngx_http_paylock_connect_handler;
    c->write->handler = ngx_http_paylock_connect_handler;
    c->read->cancelable = 1;

    /* until the first command has a timer of its own */

    ngx_add_timer(c->read, link->redis->connect_timeout);

    if (rc == NGX_OK) {
        ngx_http_paylock_connect_done(link);
    }
}


/* A name may have an address at which nobody listens, as ::1 of localhost. */

static void
ngx_http_paylock_connect_failed(ngx_http_paylock_link_t *link,
    const char *what, ngx_err_t err)
{
    if (link->untried == 0 || link->crowded) {
        ngx_http_paylock_link_errno(link, what, err);
        return;
    }

    if (link->peer.connection) {
        ngx_close_connection(link->peer.connection);
        link->peer.connection = NULL;
    }

    ngx_http_paylock_connect_next(link);
}


static void
ngx_http_paylock_connect_handler(ngx_event_t *ev)
{
    int                       err;
    socklen_t                 len;
    ngx_connection_t         *c;
    ngx_http_paylock_link_t  *link;

    c = ev->data;
    link = c->data;

    if (c->close) {
        ngx_http_paylock_link_fail(link, NULL);
        return;
    }

    if (ev->timedout) {
        ngx_http_paylock_connect_failed(link, "cannot connect in time", 0);
        return;
    }

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_http_paylock_connect_failed(link, "cannot connect", err);
        return;
    }

    ngx_http_paylock_connect_done(link);
}


static void
ngx_http_paylock_connect_done(ngx_http_paylock_link_t *link)
{
    if (link->redis->tls) {
        ngx_http_paylock_tls_handshake(link, ngx_http_paylock_link_connected);
        return;
    }

    ngx_http_paylock_link_connected(link);
}


/* The connection is there, and safe. */

static void
ngx_http_paylock_link_connected(ngx_http_paylock_link_t *link)
{
    ngx_connection_t  *c;

    c = link->peer.connection;

    c->read->handler = ngx_http_paylock_link_read_handler;
    c->write->handler = ngx_http_paylock_link_write_handler;

    link->ready(link->data);
}
