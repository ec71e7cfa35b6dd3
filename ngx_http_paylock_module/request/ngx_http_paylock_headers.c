
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The headers of an answer.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_request.h"


void
ngx_http_paylock_headers_clear(ngx_http_request_t *r)
{
    ngx_list_t  headers, trailers;

    headers = r->headers_out.headers;
    trailers = r->headers_out.trailers;

    headers.part.nelts = 0;
    headers.part.next = NULL;
    headers.last = &r->headers_out.headers.part;

    trailers.part.nelts = 0;
    trailers.part.next = NULL;
    trailers.last = &r->headers_out.trailers.part;

    ngx_memzero(&r->headers_out, sizeof(ngx_http_headers_out_t));

    r->headers_out.headers = headers;
    r->headers_out.trailers = trailers;
    r->headers_out.content_length_n = -1;
    r->headers_out.last_modified_time = -1;
}


ngx_int_t
ngx_http_paylock_headers_add(ngx_http_request_t *r, const char *key,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) key;
    h->key.len = ngx_strlen(key);
    h->value = *value;

    return NGX_OK;
}
