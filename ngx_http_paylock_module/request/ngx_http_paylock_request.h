
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is done with a request.  A file calls only files that stand before it in
 * this header.
 */


#ifndef _NGX_HTTP_PAYLOCK_REQUEST_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_REQUEST_H_INCLUDED_


#include "ngx_http_paylock_verdict.h"
#include "paylock_strip.h"


typedef struct {
    ngx_http_handler_pt          content_handler;   /* of an exempt location */
    unsigned                     blank:1;      /* it is to have no body */
} ngx_http_paylock_ctx_t;


/*
 * ngx_http_paylock_evaluate.c: evaluates values with variables before the
 * request's own directives run, without a trace for these
 */

ngx_int_t ngx_http_paylock_evaluate(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, ngx_str_t *text);
ngx_int_t ngx_http_paylock_evaluate_predicates(ngx_http_request_t *r,
    ngx_array_t *predicates);


/* ngx_http_paylock_headers.c: of the response */

/* Drops all headers of the answer that ours replaces. */

void ngx_http_paylock_headers_clear(ngx_http_request_t *r);
ngx_int_t ngx_http_paylock_headers_add(ngx_http_request_t *r, const char *key,
    ngx_str_t *value);


/*
 * ngx_http_paylock_cookie.c: takes our cookies out of what a client sent,
 * calling found for each
 */

void ngx_http_paylock_cookie_take(ngx_http_request_t *r,
    paylock_strip_pt found, void *data);


/*
 * ngx_http_paylock_disable_filters.c: turns filters off that would replace our
 * answer, such as the image filter
 */

ngx_int_t ngx_http_paylock_disable_filters_init(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf);
ngx_int_t ngx_http_paylock_disable_filters(ngx_http_request_t *r);


/* ngx_http_paylock_cache_control.c */

ngx_int_t ngx_http_paylock_cache_control_private(ngx_http_request_t *r);


/* ngx_http_paylock_exemption.c */

ngx_uint_t ngx_http_paylock_is_exempt(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf);
ngx_uint_t ngx_http_paylock_is_as_sent(ngx_http_request_t *r);


/* ngx_http_paylock_pass_check.c */

uint32_t ngx_http_paylock_pass_good_after(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);
ngx_uint_t ngx_http_paylock_pass_good(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);


/* ngx_http_paylock_let_through.c */

ngx_http_paylock_let_through_e ngx_http_paylock_let_through(
    ngx_http_request_t *r, ngx_http_paylock_loc_conf_t *plcf,
    ngx_http_paylock_verdict_t *verdict);


/* ngx_http_paylock_pass_accept.c */

ngx_int_t ngx_http_paylock_pass_accept(ngx_http_request_t *r);
ngx_int_t ngx_http_paylock_pass_mask(ngx_pool_t *pool, ngx_str_t *text);


/* ngx_http_paylock_variables.c */

ngx_int_t ngx_http_paylock_variables_add(ngx_conf_t *cf);


/* ngx_http_paylock_gate.c */

ngx_int_t ngx_http_paylock_gate(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf, ngx_http_phases phase);
ngx_int_t ngx_http_paylock_recheck_handler(ngx_http_request_t *r);


/* ngx_http_paylock_filter.c: the filters are those of this process */

void ngx_http_paylock_filter_init(void);


/* ngx_http_paylock_rewrite.c */

ngx_int_t ngx_http_paylock_server_rewrite(ngx_http_request_t *r,
    ngx_http_paylock_srv_conf_t *pscf);
ngx_int_t ngx_http_paylock_rewrite_handler(ngx_http_request_t *r);


/* ngx_http_paylock_fast_path.c */

ngx_int_t ngx_http_paylock_server_rewrite_handler(ngx_http_request_t *r);


/* ngx_http_paylock_phases.c */

ngx_int_t ngx_http_paylock_phases_init(ngx_conf_t *cf);
void ngx_http_paylock_phases_first(ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_PAYLOCK_REQUEST_H_INCLUDED_ */
