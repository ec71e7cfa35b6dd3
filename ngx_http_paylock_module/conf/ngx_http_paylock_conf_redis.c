
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_conf.h"
#include "paylock_redis_keys.h"
#include "paylock_url.h"


#define NGX_HTTP_PAYLOCK_URL           "redis://127.0.0.1:6379/0"
#define NGX_HTTP_PAYLOCK_PREFIX_MAX    128
#define NGX_HTTP_PAYLOCK_PASSWORD_MAX  1024


static char *ngx_http_paylock_conf_redis_url(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis, ngx_str_t *text);
static char *ngx_http_paylock_conf_redis_address(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis, paylock_url_t *url);
static char *ngx_http_paylock_conf_redis_lookup(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis);
static char *ngx_http_paylock_conf_redis_parameter(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis, ngx_str_t *value);
static char *ngx_http_paylock_conf_redis_prefix(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis, ngx_str_t *prefix);
static char *ngx_http_paylock_conf_redis_password(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis, ngx_str_t *file);
static char *ngx_http_paylock_conf_redis_text(ngx_conf_t *cf, const char *fmt,
    const void *data, size_t len);


char *
ngx_http_paylock_conf_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_paylock_main_conf_t  *pmcf = conf;

    char        *rv;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (pmcf->redis.name.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    rv = ngx_http_paylock_conf_redis_url(cf, &pmcf->redis, &value[1]);

    for (i = 2; rv == NGX_CONF_OK && i < cf->args->nelts; i++) {
        rv = ngx_http_paylock_conf_redis_parameter(cf, &pmcf->redis, &value[i]);
    }

    if (rv == NGX_CONF_OK && pmcf->redis.user && !pmcf->redis.password) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"paylock_redis\" has a user name and no "
                           "password, so that it would log in as the default "
                           "user: add password_file=");
        return NGX_CONF_ERROR;
    }

    return rv;
}


/* After all directives are read, in whatever order they stand. */

char *
ngx_http_paylock_conf_redis_init(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis)
{
    ngx_str_t  url = ngx_string(NGX_HTTP_PAYLOCK_URL);

    ngx_conf_init_value(redis->ssl_verify, 1);

    if (redis->name.len == 0
        && ngx_http_paylock_conf_redis_url(cf, redis, &url) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (redis->naddrs == 0
        && ngx_http_paylock_conf_redis_lookup(cf, redis) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_paylock_conf_redis_ssl_init(cf, redis);
}


static char *
ngx_http_paylock_conf_redis_url(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis, ngx_str_t *text)
{
    char           *rv;
    ngx_str_t       prefix = ngx_string(PAYLOCK_PREFIX);
    const char     *why;
    paylock_url_t   url;

    why = paylock_url_parse((char *) text->data, text->len, &url);

    if (why) {
        /* the URL itself may hold a password */
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the URL of \"paylock_redis\" %s", why);
        return NGX_CONF_ERROR;
    }

    redis->connect_timeout = 2000;
    redis->timeout = 3000;

    rv = ngx_http_paylock_conf_redis_address(cf, redis, &url);

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_paylock_conf_redis_prefix(cf, redis, &prefix);
    }

    if (rv == NGX_CONF_OK && url.user) {
        redis->user = ngx_http_paylock_conf_redis_text(cf, "%*s%Z", url.user,
                                                       ngx_strlen(url.user));
    }

    if (rv == NGX_CONF_OK && url.password) {
        redis->password = ngx_http_paylock_conf_redis_text(cf, "%*s%Z",
                                  url.password, ngx_strlen(url.password));
    }

    paylock_url_free(&url);

    return rv;
}


static char *
ngx_http_paylock_conf_redis_address(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis, paylock_url_t *url)
{
    u_char     *p;
    size_t      len;
    ngx_url_t   u;
    ngx_str_t   host;

    len = (url->path ? ngx_strlen(url->path) : ngx_strlen(url->host))
          + sizeof("unix:[]:65535");

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url.data = p;

    if (url->path) {
        p = ngx_sprintf(p, "unix:%s", url->path);

    } else if (ngx_strchr(url->host, ':')) {
        p = ngx_sprintf(p, "[%s]:%ui", url->host, (ngx_uint_t) url->port);

    } else {
        p = ngx_sprintf(p, "%s:%ui", url->host, (ngx_uint_t) url->port);
    }

    u.url.len = p - u.url.data;
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"paylock_redis\" \"%V\"",
                           u.err ? u.err : "no memory", &u.url);
        return NGX_CONF_ERROR;
    }

    redis->name = u.url;
    redis->addrs = u.addrs;
    redis->naddrs = u.naddrs;
    redis->tls = url->tls;

    if (cf->conf_file) {
        redis->file = cf->conf_file->file.name;
        redis->line = cf->conf_file->line;
    }

    if (url->host) {
        host.len = ngx_strlen(url->host);
        host.data = (u_char *) ngx_http_paylock_conf_redis_text(cf, "%*s%Z",
                                                       url->host, host.len);
        if (host.data == NULL) {
            return NGX_CONF_ERROR;
        }

        redis->host = host;
        redis->port = url->port;
    }

    p = ngx_pnalloc(cf->pool, NGX_INT_T_LEN + 1);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    (void) ngx_sprintf(p, "%ui%Z", (ngx_uint_t) url->db);
    redis->db = (char *) p;

    return NGX_CONF_OK;
}


/*
 * Resolves the name once.  With a "resolver" this is the fallback for names
 * that it cannot resolve: it reads no /etc/hosts and knows no "localhost".
 */

static char *
ngx_http_paylock_conf_redis_lookup(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis)
{
    ngx_url_t                  u;
    ngx_uint_t                 level;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->resolver
#if (NGX_HTTP_PAYLOCK_RESOLVER_ARRAY)
        && clcf->resolver->connections.nelts
#else
        && clcf->resolver->connections
#endif
        )
    {
        redis->resolver = clcf->resolver;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = redis->name;

    if (ngx_parse_url(cf->pool, &u) == NGX_OK) {
        redis->addrs = u.addrs;
        redis->naddrs = u.naddrs;
        return NGX_CONF_OK;
    }

    level = redis->resolver ? NGX_LOG_WARN : NGX_LOG_EMERG;

    ngx_log_error(level, cf->log, 0,
                  "%s in \"paylock_redis\" \"%V\"%s in %V:%ui",
                  u.err ? u.err : "no memory", &u.url,
                  redis->resolver ? ", the resolver will be asked" : "",
                  &redis->file, redis->line);

    return redis->resolver ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_paylock_conf_redis_parameter(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis, ngx_str_t *value)
{
    ngx_str_t    s;
    ngx_msec_t  *time;

    s.data = (u_char *) ngx_strchr(value->data, '=');

    if (s.data == NULL) {
        goto invalid;
    }

    s.data++;
    s.len = value->data + value->len - s.data;

    if (ngx_strncmp(value->data, "prefix=", 7) == 0) {
        return ngx_http_paylock_conf_redis_prefix(cf, redis, &s);
    }

    if (ngx_strncmp(value->data, "username=", 9) == 0 && s.len) {
        redis->user = ngx_http_paylock_conf_redis_text(cf, "%*s%Z", s.data,
                                                       s.len);
        return redis->user ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    if (ngx_strncmp(value->data, "password_file=", 14) == 0) {
        return ngx_http_paylock_conf_redis_password(cf, redis, &s);
    }

    if (ngx_strcmp(value->data, "replica=on") == 0
        || ngx_strcmp(value->data, "replica=off") == 0)
    {
        redis->replica = (s.len == 2);
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "connect_timeout=", 16) == 0) {
        time = &redis->connect_timeout;

    } else if (ngx_strncmp(value->data, "timeout=", 8) == 0) {
        time = &redis->timeout;

    } else {
        goto invalid;
    }

    *time = ngx_parse_time(&s, 0);

    if (*time != (ngx_msec_t) NGX_ERROR && *time != 0) {
        return NGX_CONF_OK;
    }

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"paylock_redis\": it "
                       "takes prefix=, username=, password_file=, "
                       "replica=on or off, connect_timeout= and timeout=, "
                       "times over 0", value);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_paylock_conf_redis_prefix(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis, ngx_str_t *prefix)
{
    if (prefix->len == 0 || prefix->len > NGX_HTTP_PAYLOCK_PREFIX_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"prefix\" of \"paylock_redis\" must have 1 to "
                           "%d bytes", NGX_HTTP_PAYLOCK_PREFIX_MAX);
        return NGX_CONF_ERROR;
    }

    redis->locks = ngx_http_paylock_conf_redis_text(cf,
                                                   "%*s" PAYLOCK_KEY_LOCKS "%Z",
                                                   prefix->data, prefix->len);
    redis->audit = ngx_http_paylock_conf_redis_text(cf,
                                                   "%*s" PAYLOCK_KEY_AUDIT "%Z",
                                                   prefix->data, prefix->len);

    redis->nodes = ngx_http_paylock_conf_redis_text(cf,
                                                   "%*s" PAYLOCK_KEY_NODES "%Z",
                                                   prefix->data, prefix->len);

    return redis->locks && redis->audit && redis->nodes ? NGX_CONF_OK
                                                        : NGX_CONF_ERROR;
}


/* The first line of the file, which only the master reads. */

static char *
ngx_http_paylock_conf_redis_password(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis, ngx_str_t *file)
{
    u_char   *p, line[NGX_HTTP_PAYLOCK_PASSWORD_MAX + 1];
    ssize_t   n;

    n = ngx_http_paylock_secret_read(cf, "password_file", file, "", line,
                                     sizeof(line));
    if (n == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    p = ngx_strlchr(line, line + n, LF);

    if (p == NULL) {
        p = line + n;
    }

    if (p > line && p[-1] == CR) {
        p--;
    }

    if (p == line || p - line > NGX_HTTP_PAYLOCK_PASSWORD_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the first line of \"%V\" must be a password of 1 "
                           "to %d bytes", file, NGX_HTTP_PAYLOCK_PASSWORD_MAX);
        return NGX_CONF_ERROR;
    }

    redis->password = ngx_http_paylock_conf_redis_text(cf, "%*s%Z", line,
                                                       p - line);
    ngx_explicit_memzero(line, sizeof(line));

    return redis->password ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_paylock_conf_redis_text(ngx_conf_t *cf, const char *fmt,
    const void *data, size_t len)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, len + sizeof(PAYLOCK_KEY_LOCKS));
    if (p == NULL) {
        return NULL;
    }

    (void) ngx_sprintf(p, fmt, len, data);

    return (char *) p;
}
