
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Values of the operator's, asked for before the request's own directives
 * are.  Nothing of that may be seen by these: neither values that nginx keeps
 * once they are asked for, such as those of "map", nor captures.  Nor does a
 * log, of each request, that a variable is not set yet.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_request.h"


typedef struct {
    ngx_http_variable_value_t   *values;
    size_t                       size;
    ngx_uint_t                   log_level;
#if (NGX_PCRE)
    ngx_uint_t                   ncaptures;
    int                         *captures;
    u_char                      *captures_data;
    unsigned                     realloc:1;
#endif
} ngx_http_paylock_asked_t;


static ngx_int_t ngx_http_paylock_ask_begin(ngx_http_request_t *r,
    ngx_http_paylock_asked_t *asked);
static void ngx_http_paylock_ask_end(ngx_http_request_t *r,
    ngx_http_paylock_asked_t *asked);


ngx_int_t
ngx_http_paylock_ask_value(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, ngx_str_t *text)
{
    ngx_int_t                 rc;
    ngx_http_paylock_asked_t  asked;

    if (ngx_http_paylock_ask_begin(r, &asked) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_complex_value(r, value, text);

    ngx_http_paylock_ask_end(r, &asked);

    return rc;
}


/* NGX_DECLINED: one of them is set. */

ngx_int_t
ngx_http_paylock_ask_predicates(ngx_http_request_t *r,
    ngx_array_t *predicates)
{
    ngx_int_t                 rc;
    ngx_http_paylock_asked_t  asked;

    if (ngx_http_paylock_ask_begin(r, &asked) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_test_predicates(r, predicates);

    ngx_http_paylock_ask_end(r, &asked);

    return rc;
}


static ngx_int_t
ngx_http_paylock_ask_begin(ngx_http_request_t *r,
    ngx_http_paylock_asked_t *asked)
{
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    asked->size = cmcf->variables.nelts * sizeof(ngx_http_variable_value_t);
    asked->values = ngx_palloc(r->pool, asked->size);
    if (asked->values == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(asked->values, r->variables, asked->size);

    asked->log_level = r->connection->log->log_level;

    if (asked->log_level > NGX_LOG_ERR) {
        r->connection->log->log_level = NGX_LOG_ERR;
    }

#if (NGX_PCRE)
    asked->ncaptures = r->ncaptures;
    asked->captures = r->captures;
    asked->captures_data = r->captures_data;
    asked->realloc = r->realloc_captures;

    r->realloc_captures = 1;
#endif

    return NGX_OK;
}


static void
ngx_http_paylock_ask_end(ngx_http_request_t *r,
    ngx_http_paylock_asked_t *asked)
{
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);

    /* what is kept of a request there is no value */

    asked->values[pmcf->verdict] = r->variables[pmcf->verdict];
    asked->values[pmcf->pass] = r->variables[pmcf->pass];

    ngx_memcpy(r->variables, asked->values, asked->size);

    r->connection->log->log_level = asked->log_level;

#if (NGX_PCRE)
    r->ncaptures = asked->ncaptures;
    r->captures = asked->captures;
    r->captures_data = asked->captures_data;
    r->realloc_captures = asked->realloc;
#endif
}
