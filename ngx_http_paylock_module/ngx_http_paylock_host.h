
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


/* ngx_http_paylock_host.c */

/*
 * Of a request whose request line and Host header both name a host: is the
 * header's another one?  It is in host then, empty if it is no name.
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
