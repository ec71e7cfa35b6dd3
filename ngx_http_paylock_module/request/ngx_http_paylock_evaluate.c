
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Evaluates values of "paylock_key" and "paylock_bypass" before the request's
 * own directives run.  These must not notice: values that nginx caches, such as
 * those of "map", and captures of regular expressions are restored.  Warnings
 * of variables that are not set yet are not logged.
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
} ngx_http_paylock_evaluate_saved_t;


static ngx_int_t ngx_http_paylock_evaluate_begin(ngx_http_request_t *r,
    ngx_http_paylock_evaluate_saved_t *saved);
static void ngx_http_paylock_evaluate_end(ngx_http_request_t *r,
    ngx_http_paylock_evaluate_saved_t *saved);


ngx_int_t
ngx_http_paylock_evaluate(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, ngx_str_t *text)
{
    ngx_int_t                          rc;
    ngx_http_paylock_evaluate_saved_t  saved;

    if (ngx_http_paylock_evaluate_begin(r, &saved) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_complex_value(r, value, text);

    ngx_http_paylock_evaluate_end(r, &saved);

    return rc;
}


/* As ngx_http_test_predicates(): NGX_DECLINED if one of them is set. */

ngx_int_t
ngx_http_paylock_evaluate_predicates(ngx_http_request_t *r,
    ngx_array_t *predicates)
{
    ngx_int_t                          rc;
    ngx_http_paylock_evaluate_saved_t  saved;

    if (ngx_http_paylock_evaluate_begin(r, &saved) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_test_predicates(r, predicates);

    ngx_http_paylock_evaluate_end(r, &saved);

    return rc;
}


static ngx_int_t
ngx_http_paylock_evaluate_begin(ngx_http_request_t *r,
    ngx_http_paylock_evaluate_saved_t *saved)
{
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    saved->size = cmcf->variables.nelts * sizeof(ngx_http_variable_value_t);
    saved->values = ngx_palloc(r->pool, saved->size);
    if (saved->values == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(saved->values, r->variables, saved->size);

    saved->log_level = r->connection->log->log_level;

    if (saved->log_level > NGX_LOG_ERR) {
        r->connection->log->log_level = NGX_LOG_ERR;
    }

#if (NGX_PCRE)
    saved->ncaptures = r->ncaptures;
    saved->captures = r->captures;
    saved->captures_data = r->captures_data;
    saved->realloc = r->realloc_captures;

    r->realloc_captures = 1;
#endif

    return NGX_OK;
}


static void
ngx_http_paylock_evaluate_end(ngx_http_request_t *r,
    ngx_http_paylock_evaluate_saved_t *saved)
{
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);

    /*
     * the slots of the verdict and of the pass are not restored: they are
     * pointers of ours
     */

    saved->values[pmcf->verdict_index] = r->variables[pmcf->verdict_index];
    saved->values[pmcf->pass_index] = r->variables[pmcf->pass_index];

    ngx_memcpy(r->variables, saved->values, saved->size);

    r->connection->log->log_level = saved->log_level;

#if (NGX_PCRE)
    r->ncaptures = saved->ncaptures;
    r->captures = saved->captures;
    r->captures_data = saved->captures_data;
    r->realloc_captures = saved->realloc;
#endif
}
