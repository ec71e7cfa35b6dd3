
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is done with a request.  A file calls only files that stand before it in
 * this header, and judges by "verdict.h".  Functions that return ngx_int_t give
 * NGX_ERROR if there is no memory.
 */


#ifndef _NGX_HTTP_PAYLOCK_REQUEST_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_REQUEST_H_INCLUDED_


#include "ngx_http_paylock_verdict.h"
#include "paylock_pass_strip.h"


typedef struct {
    ngx_http_handler_pt          content_handler;   /* of an exempt location */
    unsigned                     blank:1;      /* it is to have no body */
} ngx_http_paylock_ctx_t;


/*
 * ngx_http_paylock_evaluate.c: evaluates values with variables before the
 * request's own directives run, without a trace for these; returns as
 * ngx_http_complex_value() and ngx_http_test_predicates()
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
    paylock_pass_found_pt found, void *data);


/*
 * ngx_http_paylock_disable_filters.c: turns filters off that would replace our
 * answer, such as the image filter
 */

ngx_int_t ngx_http_paylock_disable_filters_init(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf);
ngx_int_t ngx_http_paylock_disable_filters(ngx_http_request_t *r);


/* ngx_http_paylock_cache_control.c: keeps the response out of shared caches */

ngx_int_t ngx_http_paylock_cache_control_private(ngx_http_request_t *r);


/*
 * ngx_http_paylock_exemption.c: does the path match "paylock_exempt"?  Is it
 * still the one that the client sent?
 */

ngx_uint_t ngx_http_paylock_is_exempt(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf);
ngx_uint_t ngx_http_paylock_is_as_sent(ngx_http_request_t *r);


/*
 * ngx_http_paylock_pass_check.c: passes that were issued before good_after()
 * are revoked; is the one good that the request shows?
 */

uint32_t ngx_http_paylock_pass_good_after(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);
ngx_uint_t ngx_http_paylock_pass_good(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);


/* ngx_http_paylock_let_through.c: why a closed host answers, or NONE */

ngx_http_paylock_let_through_e ngx_http_paylock_let_through(
    ngx_http_request_t *r, ngx_http_paylock_loc_conf_t *plcf,
    ngx_http_paylock_verdict_t *verdict);


/*
 * ngx_http_paylock_pass_accept.c: NGX_DECLINED unless a link was exchanged,
 * which answers the request
 */

ngx_int_t ngx_http_paylock_pass_accept(ngx_http_request_t *r);

/* Masks the tokens in a text; the masked copy is in the pool. */

ngx_int_t ngx_http_paylock_pass_mask(ngx_pool_t *pool, ngx_str_t *text);


/* ngx_http_paylock_variables.c */

ngx_int_t ngx_http_paylock_variables_add(ngx_conf_t *cf);


/*
 * ngx_http_paylock_gate.c: NGX_DECLINED to go on, or the request was answered
 */

ngx_int_t ngx_http_paylock_gate(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf, ngx_http_phases phase);
ngx_int_t ngx_http_paylock_recheck_handler(ngx_http_request_t *r);


/* ngx_http_paylock_filter.c: puts our filters in front, in each worker */

void ngx_http_paylock_filter_init(void);


/* ngx_http_paylock_rewrite.c: what the fast path is not for */

ngx_int_t ngx_http_paylock_server_rewrite(ngx_http_request_t *r,
    ngx_http_paylock_srv_conf_t *pscf);
ngx_int_t ngx_http_paylock_rewrite_handler(ngx_http_request_t *r);


/* ngx_http_paylock_fast_path.c */

ngx_int_t ngx_http_paylock_server_rewrite_handler(ngx_http_request_t *r);


/*
 * ngx_http_paylock_phases.c: init() adds the handlers; first(), when nginx has
 * lined up all handlers, moves ours to the front
 */

ngx_int_t ngx_http_paylock_phases_init(ngx_conf_t *cf);
void ngx_http_paylock_phases_first(ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_PAYLOCK_REQUEST_H_INCLUDED_ */
