
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What a closed site shows: the answers of the locations, and their bodies.
 */


#ifndef _NGX_HTTP_PAYLOCK_ANSWER_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_ANSWER_H_INCLUDED_


#include "ngx_http_paylock_module.h"


/* pages that differ by no more than their contact */

typedef struct {
    ngx_uint_t                   status;
    ngx_uint_t                   discreet;
    ngx_uint_t                   contact;      /* is there one? */

    ngx_uint_t                   nlanguages;
    const char *const           *languages;
    paylock_page_t              *page[PAYLOCK_FORMAT_NONE];
} ngx_http_paylock_pages_t;


/* a location's answers, shared by all locations that give the same */

struct ngx_http_paylock_answer_s {
    ngx_http_paylock_pages_t    *pages;
    ngx_str_t                    contact;
    ngx_str_t                    contacts[PAYLOCK_FORMAT_NONE];   /* escaped */
    ngx_http_paylock_template_t *template;     /* of the HTML, or NULL */
};


/* a body in the making */

typedef struct {
    ngx_chain_t                 *chain;
    ngx_chain_t                **last;
    ngx_buf_t                   *buf;          /* the last one */
    off_t                        len;
} ngx_http_paylock_body_t;


/* ngx_http_paylock_answer.c */

ngx_http_paylock_answer_t *ngx_http_paylock_answer_get(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf, ngx_http_paylock_loc_conf_t *plcf);


/* ngx_http_paylock_page.c */

ngx_int_t ngx_http_paylock_page_add(ngx_http_request_t *r,
    ngx_http_paylock_body_t *body, u_char *data, size_t len);


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


#endif /* _NGX_HTTP_PAYLOCK_ANSWER_H_INCLUDED_ */
