
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Is a request for an exempt path?
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_request.h"
#include "paylock_exempt.h"


/*
 * Is the path exempt, as the client sent it?  A path that comes from a
 * redirect, a rewrite or a fallback is not.
 */

ngx_uint_t
ngx_http_paylock_is_exempt(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf)
{
    ngx_str_t  *path;

    if (r->internal || r != r->main
        || !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        || r->args.len || r->args_start
        || !ngx_http_paylock_is_as_sent(r))
    {
        return 0;
    }

    for (path = plcf->exempt; path->len; path++) {
        if (paylock_exempt_match((char *) path->data, path->len,
                                 (char *) r->uri.data, r->uri.len))
        {
            return 1;
        }
    }

    return 0;
}


/* Is the path neither rewritten nor sent with escapes, "..", or "//"? */

ngx_uint_t
ngx_http_paylock_is_as_sent(ngx_http_request_t *r)
{
    return r->uri.len == r->unparsed_uri.len
           && ngx_memcmp(r->uri.data, r->unparsed_uri.data, r->uri.len) == 0;
}
