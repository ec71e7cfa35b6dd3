
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Which record holds for a request.
 */


#ifndef _NGX_HTTP_PAYLOCK_HOST_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_HOST_H_INCLUDED_


#include "ngx_http_paylock_names.h"
#include "ngx_http_paylock_verdict.h"


/*
 * Does the Host header name the host of the request line, byte by byte?  In
 * HTTP/2 and HTTP/3 it always does, from nginx 1.29.1 on.
 */

static ngx_inline ngx_uint_t
ngx_http_paylock_host_same(ngx_http_request_t *r)
{
    ngx_str_t  *header;

    if (r->headers_in.host == NULL) {
        return 1;
    }

    header = &r->headers_in.host->value;

    return header->len == (size_t) (r->host_end - r->host_start)
           && ngx_memcmp(header->data, r->host_start, header->len) == 0;
}


/* ngx_http_paylock_host.c */

ngx_int_t ngx_http_paylock_host_init(ngx_conf_t *cf,
    ngx_http_paylock_srv_conf_t *pscf);

/* Of a main request: which record holds, and the stage it puts the host in. */

void ngx_http_paylock_host_find(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);

/*
 * Evaluates a "paylock_key" with variables, and judges again if its value has
 * changed: more variables may be set by now.
 */

void ngx_http_paylock_host_key(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);


#endif /* _NGX_HTTP_PAYLOCK_HOST_H_INCLUDED_ */
