
/*
 * Copyright (C) 2026 paylock contributors
 *
 * TLS with Redis.  Whether the certificate is good, and for the right name,
 * is OpenSSL's to say: it ends the handshake before a word of ours is sent.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include <openssl/x509v3.h>

#include "ngx_http_paylock_link.h"


#define NGX_HTTP_PAYLOCK_TLS_DEPTH  10     /* of a chain of certificates */


static ngx_int_t ngx_http_paylock_tls_certificate(ngx_conf_t *cf,
    ngx_http_paylock_redis_t *redis);
static ngx_int_t ngx_http_paylock_tls_verify(ngx_conf_t *cf,
    ngx_http_paylock_redis_t *redis);
static void ngx_http_paylock_tls_handler(ngx_connection_t *c);
static void ngx_http_paylock_tls_failed(ngx_http_paylock_link_t *link);


char *
ngx_http_paylock_tls_init(ngx_conf_t *cf, ngx_http_paylock_redis_t *redis)
{
    u_char               addr[16];
    ngx_pool_cleanup_t  *cln;

    if (!redis->tls) {

        if (redis->ssl_trusted_certificate.len || redis->ssl_certificate.len
            || redis->ssl_certificate_key.len || redis->ssl_name.len)
        {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"paylock_redis_ssl_...\" is of no use: there is "
                          "no TLS without \"rediss://\" in \"paylock_redis\"");
        }

        return NGX_CONF_OK;
    }

    if (redis->ssl_name.len == 0) {
        redis->ssl_name = redis->host;
    }

    redis->ssl_name_is_address =
                 inet_pton(AF_INET, (char *) redis->ssl_name.data, addr) == 1
                 || inet_pton(AF_INET6, (char *) redis->ssl_name.data, addr)
                    == 1;

    redis->ssl.log = cf->log;

    if (ngx_ssl_create(&redis->ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_ssl_cleanup_ctx(&redis->ssl);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = &redis->ssl;

    return ngx_http_paylock_tls_certificate(cf, redis) == NGX_OK
           && ngx_http_paylock_tls_verify(cf, redis) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_paylock_tls_certificate(ngx_conf_t *cf,
    ngx_http_paylock_redis_t *redis)
{
    if (redis->ssl_certificate.len == 0
        && redis->ssl_certificate_key.len == 0)
    {
        return NGX_OK;
    }

    if (redis->ssl_certificate.len == 0
        || redis->ssl_certificate_key.len == 0)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"paylock_redis_ssl_certificate\" and "
                      "\"paylock_redis_ssl_certificate_key\" need each other: "
                      "set both, or none");
        return NGX_ERROR;
    }

    return ngx_ssl_certificate(cf, &redis->ssl, &redis->ssl_certificate,
                               &redis->ssl_certificate_key, NULL);
}


static ngx_int_t
ngx_http_paylock_tls_verify(ngx_conf_t *cf, ngx_http_paylock_redis_t *redis)
{
    int                 ok;
    X509_VERIFY_PARAM  *param;

    if (!redis->ssl_verify) {
        return NGX_OK;
    }

    if (redis->ssl_trusted_certificate.len) {

        if (ngx_ssl_trusted_certificate(cf, &redis->ssl,
                                        &redis->ssl_trusted_certificate,
                                        NGX_HTTP_PAYLOCK_TLS_DEPTH)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else if (SSL_CTX_set_default_verify_paths(redis->ssl.ctx) != 1) {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "SSL_CTX_set_default_verify_paths() failed");
        return NGX_ERROR;
    }

    param = SSL_CTX_get0_param(redis->ssl.ctx);

    ok = redis->ssl_name_is_address
         ? X509_VERIFY_PARAM_set1_ip_asc(param, (char *) redis->ssl_name.data)
         : X509_VERIFY_PARAM_set1_host(param, (char *) redis->ssl_name.data,
                                       redis->ssl_name.len);
    if (ok != 1) {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"%V\" cannot be the name in a certificate",
                      &redis->ssl_name);
        return NGX_ERROR;
    }

    /* nginx's own callback would let everything pass, to be looked at later */

    SSL_CTX_set_verify(redis->ssl.ctx, SSL_VERIFY_PEER, NULL);

    return NGX_OK;
}


/* The timer of the connection that is being made goes on. */

void
ngx_http_paylock_tls_handshake(ngx_http_paylock_link_t *link)
{
    ngx_connection_t          *c;
    ngx_http_paylock_redis_t  *redis;

    c = link->peer.connection;
    redis = link->redis;

    if (ngx_ssl_create_connection(&redis->ssl, c, NGX_SSL_CLIENT) != NGX_OK) {
        ngx_http_paylock_tls_failed(link);
        return;
    }

    if (!redis->ssl_name_is_address
        && SSL_set_tlsext_host_name(c->ssl->connection,
                                    (char *) redis->ssl_name.data) != 1)
    {
        ngx_ssl_error(NGX_LOG_ERR, c->log, 0,
                      "SSL_set_tlsext_host_name(\"%V\") failed",
                      &redis->ssl_name);
        ngx_http_paylock_tls_failed(link);
        return;
    }

    c->ssl->handler = ngx_http_paylock_tls_handler;

    if (ngx_ssl_handshake(c) != NGX_AGAIN) {
        ngx_http_paylock_tls_handler(c);
    }
}


static void
ngx_http_paylock_tls_handler(ngx_connection_t *c)
{
    ngx_http_paylock_link_t  *link;

    link = c->data;

    if (c->read->timedout) {
        ngx_http_paylock_link_fail(link, "no TLS handshake in time");
        return;
    }

    if (!c->ssl->handshaked) {
        ngx_http_paylock_tls_failed(link);
        return;
    }

    /* what came with the end of the handshake will not be told again */

    ngx_post_event(c->read, &ngx_posted_events);

    ngx_http_paylock_link_connected(link);
}


static void
ngx_http_paylock_tls_failed(ngx_http_paylock_link_t *link)
{
    long                   rc;
    const char            *fmt;
    ngx_ssl_connection_t  *ssl;

    ssl = link->peer.connection->ssl;

    rc = (ssl && link->redis->ssl_verify)
         ? SSL_get_verify_result(ssl->connection) : X509_V_OK;

    switch (rc) {

    case X509_V_OK:
        ngx_http_paylock_link_errno(link, "no TLS handshake", 0);
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

    (void) ngx_snprintf((u_char *) link->why, sizeof(link->why), fmt,
                        X509_verify_cert_error_string(rc),
                        &link->redis->ssl_name);

    ngx_http_paylock_link_fail(link, link->why);
}


void
ngx_http_paylock_tls_note(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len)
{
    u_char                   *p, *last;
    ngx_http_paylock_link_t  *link;

    link = log->wdata;
    last = buf + len - NGX_LINEFEED_SIZE;

    /* what is meant stands behind the time, the level and the process */

    p = ngx_strlcasestrn(buf, last, (u_char *) ": ", 1);
    p = p ? p + 2 : buf;

    ngx_http_paylock_printable((u_char *) link->why, (char *) p, last - p);

    /* not if the connection broke, which comes without TLS as well */

    link->foreign = ngx_strlcasestrn(p, last, (u_char *) "(SSL: ", 5) != NULL;
}
