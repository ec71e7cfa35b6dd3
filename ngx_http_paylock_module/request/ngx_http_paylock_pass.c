
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Why a request to a closed host is let through.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_module.h"
#include "paylock_exempt.h"


static ngx_uint_t ngx_http_paylock_pass_as_sent(ngx_http_request_t *r);


const char *const  ngx_http_paylock_passes[] = {
    NULL, "exempt", "bypass", "pass", "dry_run"
};


static ngx_str_t  ngx_http_paylock_exempt_default[] = {
    ngx_string("/robots.txt"),
    ngx_string(PAYLOCK_EXEMPT_ACME),
    ngx_null_string
};


char *
ngx_http_paylock_pass_exempt(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_paylock_loc_conf_t  *plcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;
    const char  *why;

    if (plcf->exempt) {
        return "is duplicate";
    }

    value = cf->args->elts;

    plcf->exempt = ngx_pcalloc(cf->pool, cf->args->nelts * sizeof(ngx_str_t));
    if (plcf->exempt == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        why = paylock_exempt_check((char *) value[i].data, value[i].len);

        if (why) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "path \"%V\" in \"paylock_exempt\" %s",
                               &value[i], why);
            return NGX_CONF_ERROR;
        }

        plcf->exempt[i - 1] = value[i];
    }

    return NGX_CONF_OK;
}


ngx_str_t *
ngx_http_paylock_pass_defaults(void)
{
    return ngx_http_paylock_exempt_default;
}


/*
 * Is it a request for an exempt path, such as the client sent it?  What a
 * redirect, a rewrite or a fallback has led to is not.
 */

ngx_uint_t
ngx_http_paylock_pass_is_exempt(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf)
{
    ngx_str_t  *path;

    if (r->internal || r != r->main
        || !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        || r->args.len || r->args_start
        || !ngx_http_paylock_pass_as_sent(r))
    {
        return 0;
    }

    for (path = plcf->exempt; path->len; path++) {
        if (paylock_exempt_match((char *) path->data, path->len,
                                 (char *) r->uri.data, r->uri.len))
        {
            return 1;
        }
    }

    return 0;
}


/* Nothing has rewritten the path, and it is sent in one way only. */

static ngx_uint_t
ngx_http_paylock_pass_as_sent(ngx_http_request_t *r)
{
    return r->uri.len == r->unparsed_uri.len
           && ngx_memcmp(r->uri.data, r->unparsed_uri.data, r->uri.len) == 0;
}


/* A subrequest is let through for what its main request has. */

ngx_http_paylock_pass_e
ngx_http_paylock_pass(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf, ngx_http_paylock_verdict_t *verdict)
{
    ngx_int_t  rc;

    if (verdict->detached) {
        return verdict->pass;
    }

    if ((r == r->main && verdict->exempt && ngx_http_paylock_pass_as_sent(r))
        || ngx_http_paylock_pass_is_exempt(r, plcf))
    {
        return NGX_HTTP_PAYLOCK_PASS_EXEMPT;
    }

    /* a bypass that is made of what holds does not ask for itself */

    if (plcf->bypass && !verdict->bypass) {
        verdict->bypass = 1;
        rc = ngx_http_paylock_ask_predicates(r->main, plcf->bypass);
        verdict->bypass = 0;

        if (rc == NGX_DECLINED) {
            return NGX_HTTP_PAYLOCK_PASS_BYPASS;
        }
    }

    if (ngx_http_paylock_token_good(r, verdict)) {
        return NGX_HTTP_PAYLOCK_PASS_PASS;
    }

    return plcf->dry_run ? NGX_HTTP_PAYLOCK_PASS_DRY_RUN
                         : NGX_HTTP_PAYLOCK_PASS_NONE;
}
