
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The body of an answer.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_page.h"


ngx_int_t
ngx_http_paylock_body_add(ngx_http_request_t *r,
    ngx_http_paylock_body_t *body, u_char *data, size_t len)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    b->memory = len != 0;
    b->pos = data;
    b->last = data + len;

    cl->buf = b;
    cl->next = NULL;

    *body->last = cl;
    body->last = &cl->next;
    body->buf = b;
    body->len += len;

    return NGX_OK;
}
