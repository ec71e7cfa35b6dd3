
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The names that a request or the configuration gives a host.
 */


#ifndef _NGX_HTTP_PAYLOCK_HOST_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_HOST_H_INCLUDED_


#include "ngx_http_paylock_module.h"


/* Is it a name with "www."?  bare is then the part of it behind that. */

static ngx_inline ngx_uint_t
ngx_http_paylock_host_www(const ngx_str_t *name, ngx_str_t *bare)
{
    if (name->len < sizeof("www.")
        || ngx_memcmp(name->data, "www.", sizeof("www.") - 1) != 0)
    {
        return 0;
    }

    bare->data = name->data + sizeof("www.") - 1;
    bare->len = name->len - (sizeof("www.") - 1);

    return 1;
}


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

/* Is it a name for which a record can be? */

ngx_uint_t ngx_http_paylock_host_valid(const ngx_str_t *host);

/*
 * Do the request line and the Host header name two hosts?  The header's is in
 * host then, empty if it is no name.
 */

ngx_uint_t ngx_http_paylock_host_other(ngx_http_request_t *r,
    ngx_str_t *host);

/*
 * What nginx does with a Host header: lower case, no port, no trailing dot.
 * NGX_DECLINED if that is not the name of a host.
 */

ngx_int_t ngx_http_paylock_host_normalise(ngx_pool_t *pool,
    const ngx_str_t *value, ngx_str_t *host);


#endif /* _NGX_HTTP_PAYLOCK_HOST_H_INCLUDED_ */
