
/*
 * Copyright (C) 2026 paylock contributors
 *
 * paylock_redis_ssl_...: TLS with Redis.  OpenSSL itself checks the certificate
 * and its name and ends the handshake, so that nothing is sent to the wrong
 * server.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <openssl/x509v3.h>

#include "ngx_http_paylock_conf.h"


#define NGX_HTTP_PAYLOCK_TLS_DEPTH  10     /* of a chain of certificates */


static ngx_int_t ngx_http_paylock_conf_redis_ssl_certificate(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis);
static ngx_int_t ngx_http_paylock_conf_redis_ssl_verify(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis);


char *
ngx_http_paylock_conf_redis_ssl_init(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis)
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

    return ngx_http_paylock_conf_redis_ssl_certificate(cf, redis) == NGX_OK
           && ngx_http_paylock_conf_redis_ssl_verify(cf, redis) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_paylock_conf_redis_ssl_certificate(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis)
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
ngx_http_paylock_conf_redis_ssl_verify(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis)
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

    /* nginx's callback accepts every certificate, for a check after that */

    SSL_CTX_set_verify(redis->ssl.ctx, SSL_VERIFY_PEER, NULL);

    return NGX_OK;
}
