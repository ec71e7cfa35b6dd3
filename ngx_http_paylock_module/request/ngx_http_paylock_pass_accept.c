
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Accepts passes: valid cookies are noted, and a valid link is exchanged for a
 * cookie.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_host.h"
#include "ngx_http_paylock_judge.h"
#include "ngx_http_paylock_request.h"


/*
 * tokens that are checked: more than a browser stores cookies for a domain, so
 * that cookies set by a sibling domain cannot hide the valid one
 */

#define NGX_HTTP_PAYLOCK_TOKENS  256

#define NGX_HTTP_PAYLOCK_COOKIE                                               \
    "%s=%s; Path=/; Max-Age=%T; HttpOnly; SameSite=Lax%s"


/* the tokens of a request, and the latest valid one */

typedef struct {
    ngx_http_request_t          *request;
    const paylock_pass_keys_t   *keys;
    paylock_pass_purpose_e       purpose;
    ngx_uint_t                   n;
    paylock_pass_t               pass;         /* key NULL: none */
} ngx_http_paylock_pass_shown_t;


static void ngx_http_paylock_pass_accept_found(void *data, const char *token,
    size_t len);
static ngx_int_t ngx_http_paylock_pass_accept_link(ngx_http_request_t *r,
    ngx_http_paylock_pass_shown_t *shown);
static ngx_int_t ngx_http_paylock_pass_accept_exchange(ngx_http_request_t *r,
    paylock_pass_t *pass, ngx_str_t *args);
static ngx_int_t ngx_http_paylock_pass_accept_cookie(ngx_http_request_t *r,
    paylock_pass_t *pass, ngx_str_t *cookie);
static ngx_int_t ngx_http_paylock_pass_accept_location(ngx_http_request_t *r,
    ngx_str_t *args, ngx_str_t *location);


/* For open hosts as well: no backend is to see our cookies and arguments. */

ngx_int_t
ngx_http_paylock_pass_accept(ngx_http_request_t *r)
{
    ngx_http_paylock_pass_shown_t  shown;
    ngx_http_paylock_srv_conf_t   *pscf;
    ngx_http_paylock_main_conf_t  *pmcf;

    pscf = ngx_http_get_module_srv_conf(r, ngx_http_paylock_module);

    shown.request = r;
    shown.keys = pscf->pass_keys;
    shown.purpose = PAYLOCK_PASS_COOKIE;
    shown.n = 0;
    shown.pass.key = NULL;

    ngx_http_paylock_cookie_take(r, ngx_http_paylock_pass_accept_found, &shown);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "paylock pass: %ui cookies, %s", shown.n,
                   shown.pass.key ? "one is valid" : "none is valid");

    if (shown.pass.key) {
        pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);
        r->variables[pmcf->pass_index].data =
                                   (u_char *) (uintptr_t) shown.pass.issued;
    }

    if (r->internal || r->args.len == 0
        || !paylock_pass_strip_mask((char *) r->args.data, r->args.len, NULL))
    {
        return NGX_DECLINED;
    }

    shown.purpose = PAYLOCK_PASS_LINK;
    shown.n = 0;
    shown.pass.key = NULL;

    return ngx_http_paylock_pass_accept_link(r, &shown);
}


static void
ngx_http_paylock_pass_accept_found(void *data, const char *token, size_t len)
{
    ngx_http_paylock_pass_shown_t  *shown = data;

    ngx_str_t       *host;
    paylock_pass_t   pass;

    host = &shown->request->headers_in.server;

    if (shown->n++ < NGX_HTTP_PAYLOCK_TOKENS
        && paylock_pass_check(shown->keys, shown->purpose,
                              (char *) host->data, host->len, token, len,
                              (uint32_t) ngx_time(), &pass)
        && (shown->pass.key == NULL || pass.issued > shown->pass.issued))
    {
        shown->pass = pass;
    }
}


/* There is "paylock_pass=" in the arguments. */

static ngx_int_t
ngx_http_paylock_pass_accept_link(ngx_http_request_t *r,
    ngx_http_paylock_pass_shown_t *shown)
{
    ngx_str_t                   args;
    ngx_http_paylock_verdict_t  verdict;

    args.data = ngx_pnalloc(r->pool, r->args.len);
    if (args.data == NULL) {
        return NGX_ERROR;
    }

    args.len = paylock_pass_strip_query((char *) r->args.data, r->args.len,
                                   (char *) args.data,
                                   ngx_http_paylock_pass_accept_found, shown);

    /* nginx logs the request line: mask the token */

    if (ngx_http_paylock_pass_mask(r->pool, &r->request_line) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "paylock pass: %ui links, %s", shown->n,
                   shown->pass.key ? "one is valid" : "none is valid");

    if (shown->pass.key == NULL
        || !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)))
    {
        return NGX_DECLINED;
    }

    /* "paylock_key" is evaluated again for the request with the cookie */

    ngx_http_paylock_host_find(r, &verdict);

    if (verdict.by_key) {
        ngx_http_paylock_host_key(r, &verdict);
    }

    if (shown->pass.issued < ngx_http_paylock_pass_good_after(r, &verdict)) {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "paylock pass: the link is revoked");
        return NGX_DECLINED;
    }

    return ngx_http_paylock_pass_accept_exchange(r, &shown->pass, &args);
}


static ngx_int_t
ngx_http_paylock_pass_accept_exchange(ngx_http_request_t *r,
    paylock_pass_t *pass, ngx_str_t *args)
{
    ngx_int_t                    rc;
    ngx_str_t                    location, cookie;
    ngx_http_paylock_verdict_t  *verdict;

    static ngx_str_t  no_referrer = ngx_string("no-referrer");
    static ngx_str_t  no_store = ngx_string("no-store");

    verdict = ngx_http_paylock_judge(r);

    if (verdict == NULL
        || ngx_http_paylock_disable_filters(r) != NGX_OK
        || ngx_http_paylock_pass_accept_location(r, args, &location) != NGX_OK
        || ngx_http_paylock_pass_accept_cookie(r, pass, &cookie) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* not r->headers_out.location, into which nginx puts a host name */

    if (ngx_http_paylock_headers_add(r, "Location", &location) != NGX_OK
        || ngx_http_paylock_headers_add(r, "Set-Cookie", &cookie) != NGX_OK
        || ngx_http_paylock_headers_add(r, "Referrer-Policy", &no_referrer)
           != NGX_OK
        || ngx_http_paylock_headers_add(r, "Cache-Control", &no_store)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->unparsed_uri = location;
    r->args = *args;

    if (verdict != &ngx_http_paylock_verdict_open) {
        verdict->answered = 1;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        r->keepalive = 0;
    }

    r->headers_out.status = NGX_HTTP_SEE_OTHER;
    r->headers_out.content_length_n = 0;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_send_special(r, NGX_HTTP_LAST);
}


/* The cookie is signed with the key of the link: removing it ends both. */

static ngx_int_t
ngx_http_paylock_pass_accept_cookie(ngx_http_request_t *r, paylock_pass_t *pass,
    ngx_str_t *cookie)
{
    char         token[PAYLOCK_PASS_TOKEN + 1];
    ngx_str_t   *host;
    ngx_uint_t   secure;

    host = &r->headers_in.server;

    if (paylock_pass_make(pass, PAYLOCK_PASS_COOKIE, (char *) host->data,
                          host->len, token)
        == 0)
    {
        return NGX_ERROR;
    }

    cookie->data = ngx_pnalloc(r->pool, sizeof(NGX_HTTP_PAYLOCK_COOKIE)
                                        + sizeof(PAYLOCK_PASS_SECURE)
                                        + sizeof("; Secure")
                                        + PAYLOCK_PASS_TOKEN
                                        + NGX_TIME_T_LEN);
    if (cookie->data == NULL) {
        return NGX_ERROR;
    }

#if (NGX_HTTP_SSL)
    secure = r->connection->ssl != NULL;
#else
    secure = 0;
#endif

    cookie->len = ngx_sprintf(cookie->data, NGX_HTTP_PAYLOCK_COOKIE,
                              secure ? PAYLOCK_PASS_SECURE : PAYLOCK_PASS_NAME,
                              token, (time_t) pass->expires - ngx_time(),
                              secure ? "; Secure" : "")
                  - cookie->data;

    return NGX_OK;
}


/* The same address without the token, and without scheme and host. */

static ngx_int_t
ngx_http_paylock_pass_accept_location(ngx_http_request_t *r, ngx_str_t *args,
    ngx_str_t *location)
{
    u_char     *p;
    ngx_str_t   path;

    path = r->unparsed_uri;

    for (p = path.data; p < path.data + path.len; p++) {
        if (*p == '?' || *p == '#') {
            path.len = p - path.data;
        }
    }

    p = ngx_pnalloc(r->pool, 3 * (path.len + args->len) + sizeof("/?"));
    if (p == NULL) {
        return NGX_ERROR;
    }

    location->data = p;
    p += paylock_pass_strip_path((char *) path.data, path.len, (char *) p);

    if (args->len) {
        *p++ = '?';
        p = ngx_cpymem(p, args->data, args->len);
    }

    location->len = p - location->data;

    return NGX_OK;
}


/* Masks the tokens in a text, such as a request line. */

ngx_int_t
ngx_http_paylock_pass_mask(ngx_pool_t *pool, ngx_str_t *text)
{
    size_t   size;
    u_char  *p;

    size = paylock_pass_strip_mask((char *) text->data, text->len, NULL);

    if (size == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->len = paylock_pass_strip_mask((char *) text->data, text->len,
                                        (char *) p);
    text->data = p;

    return NGX_OK;
}
