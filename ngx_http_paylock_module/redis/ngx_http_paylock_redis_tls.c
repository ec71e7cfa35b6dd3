
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The TLS handshake with Redis, and why it failed.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include "ngx_http_paylock_redis.h"
#include "ngx_http_paylock_log.h"


static void ngx_http_paylock_redis_tls_handler(ngx_connection_t *c);
static void ngx_http_paylock_redis_tls_failed(
    ngx_http_paylock_redis_conn_t *conn);


/* The timer of the connect goes on. */

void
ngx_http_paylock_redis_tls_handshake(ngx_http_paylock_redis_conn_t *conn,
    void (*done)(ngx_http_paylock_redis_conn_t *conn))
{
    ngx_connection_t               *c;
    ngx_http_paylock_redis_conf_t  *redis;

    c = conn->peer.connection;
    redis = conn->redis;

    conn->secured = done;

    if (ngx_ssl_create_connection(&redis->ssl, c, NGX_SSL_CLIENT) != NGX_OK) {
        ngx_http_paylock_redis_tls_failed(conn);
        return;
    }

    if (!redis->ssl_name_is_address
        && SSL_set_tlsext_host_name(c->ssl->connection,
                                    (char *) redis->ssl_name.data) != 1)
    {
        ngx_ssl_error(NGX_LOG_ERR, c->log, 0,
                      "SSL_set_tlsext_host_name(\"%V\") failed",
                      &redis->ssl_name);
        ngx_http_paylock_redis_tls_failed(conn);
        return;
    }

    c->ssl->handler = ngx_http_paylock_redis_tls_handler;

    if (ngx_ssl_handshake(c) != NGX_AGAIN) {
        ngx_http_paylock_redis_tls_handler(c);
    }
}


static void
ngx_http_paylock_redis_tls_handler(ngx_connection_t *c)
{
    ngx_http_paylock_redis_conn_t  *conn;

    conn = c->data;

    if (c->read->timedout) {

        if (ngx_http_paylock_redis_expired(conn, c->read)) {
            ngx_http_paylock_redis_fail(conn, "no TLS handshake in time");
        }

        return;
    }

    if (!c->ssl->handshaked) {
        ngx_http_paylock_redis_tls_failed(conn);
        return;
    }

    /* data that came with the end of the handshake is not signalled again */

    ngx_post_event(c->read, &ngx_posted_events);

    conn->secured(conn);
}


static void
ngx_http_paylock_redis_tls_failed(ngx_http_paylock_redis_conn_t *conn)
{
    long                   rc;
    const char            *fmt;
    ngx_ssl_connection_t  *ssl;

    ssl = conn->peer.connection->ssl;

    rc = (ssl && conn->redis->ssl_verify)
         ? SSL_get_verify_result(ssl->connection) : X509_V_OK;

    switch (rc) {

    case X509_V_OK:
        ngx_http_paylock_redis_fail_errno(conn, "no TLS handshake", 0);
        return;

    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        fmt = "its certificate is refused: %s with \"%V\", see "
              "\"paylock_redis_ssl_name\"%Z";
        break;

    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        fmt = "its certificate is refused: %s, see "
              "\"paylock_redis_ssl_trusted_certificate\"%Z";
        break;

    default:
        fmt = "its certificate is refused: %s%Z";
        break;
    }

    (void) ngx_snprintf((u_char *) conn->why, sizeof(conn->why), fmt,
                        X509_verify_cert_error_string(rc),
                        &conn->redis->ssl_name);

    ngx_http_paylock_redis_fail(conn, conn->why);
}


void
ngx_http_paylock_redis_tls_log(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len)
{
    u_char                         *p, *last;
    ngx_http_paylock_redis_conn_t  *conn;

    conn = log->wdata;
    last = buf + len - NGX_LINEFEED_SIZE;

    /* skip the time, the level and the process */

    p = ngx_strlcasestrn(buf, last, (u_char *) ": ", 1);
    p = p ? p + 2 : buf;

    ngx_http_paylock_printable((u_char *) conn->why, (char *) p, last - p);

    /* an error of TLS, not just a broken connection */

    conn->from_server = ngx_strlcasestrn(p, last, (u_char *) "(SSL: ", 5)
                        != NULL;
}
