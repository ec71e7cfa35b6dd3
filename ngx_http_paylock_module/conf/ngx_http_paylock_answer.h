
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What a closed site shows: the answers of the locations.
 */


#ifndef _NGX_HTTP_PAYLOCK_ANSWER_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_ANSWER_H_INCLUDED_


#include "ngx_http_paylock_conf.h"
#include "paylock_page.h"


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


/* ngx_http_paylock_answer.c */

ngx_http_paylock_answer_t *ngx_http_paylock_answer_get(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf, ngx_http_paylock_loc_conf_t *plcf);


#endif /* _NGX_HTTP_PAYLOCK_ANSWER_H_INCLUDED_ */
