
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The answer to a request to a closed host, and its body.
 */


#ifndef _NGX_HTTP_PAYLOCK_PAGE_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_PAGE_H_INCLUDED_


#include "ngx_http_paylock_answer.h"
#include "ngx_http_paylock_verdict.h"


/* a body that is being built */

typedef struct {
    ngx_chain_t                 *chain;
    ngx_chain_t                **last;
    ngx_buf_t                   *buf;          /* the last one */
    off_t                        len;
} ngx_http_paylock_body_t;


/* ngx_http_paylock_body.c: adds a buffer to the body */

ngx_int_t ngx_http_paylock_body_add(ngx_http_request_t *r,
    ngx_http_paylock_body_t *body, u_char *data, size_t len);


/* ngx_http_paylock_page.c */

ngx_int_t ngx_http_paylock_page_header(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict, ngx_chain_t **chain);
uint32_t ngx_http_paylock_page_until(ngx_http_paylock_verdict_t *verdict);


/* ngx_http_paylock_template.c */

char *ngx_http_paylock_template(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
ngx_int_t ngx_http_paylock_template_check(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf);
ngx_int_t ngx_http_paylock_template_body(ngx_http_request_t *r,
    ngx_http_paylock_template_t *template, ngx_http_paylock_body_t *body);


/*
 * ngx_http_paylock_template_read.c: what a file has, in memory of cf->pool;
 * an error is logged
 */

ngx_int_t ngx_http_paylock_template_read(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *text);


#endif /* _NGX_HTTP_PAYLOCK_PAGE_H_INCLUDED_ */
