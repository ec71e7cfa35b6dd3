
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Cache-Control of what the site answers under a pass.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_request.h"


static ngx_int_t ngx_http_paylock_cache_control_join(ngx_http_request_t *r,
    ngx_str_t *value, const ngx_str_t *other);
static ngx_uint_t ngx_http_paylock_cache_control_is_shared(ngx_table_elt_t *h);
static ngx_uint_t ngx_http_paylock_cache_control_is(ngx_table_elt_t *h,
    const char *name);


/*
 * What the site answers under a pass is for this client alone.  The header is
 * not linked to r->headers_out.cache_control: "expires" and "add_header", which
 * run later, would replace it.
 */

ngx_int_t
ngx_http_paylock_cache_control_private(ngx_http_request_t *r)
{
    ngx_str_t         value = ngx_string("private");
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].hash == 0) {
                continue;
            }

            if (ngx_http_paylock_cache_control_is(&h[i], "Cache-Control")) {
                h[i].hash = 0;

                if (ngx_http_paylock_cache_control_join(r, &value, &h[i].value)
                    != NGX_OK)
                {
                    return NGX_ERROR;
                }

            } else if (ngx_http_paylock_cache_control_is_shared(&h[i])) {
                h[i].hash = 0;
            }
        }
    }

    ngx_memzero(&r->headers_out.cache_control,
                sizeof(r->headers_out.cache_control));

    return ngx_http_paylock_headers_add(r, "Cache-Control", &value);
}


/* Appends another Cache-Control, without what allows shared caches to store. */

static ngx_int_t
ngx_http_paylock_cache_control_join(ngx_http_request_t *r, ngx_str_t *value,
    const ngx_str_t *other)
{
    u_char  *p, *joined;
    size_t   len;

    joined = ngx_pnalloc(r->pool, value->len + 2 + other->len);
    if (joined == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(joined, value->data, value->len);
    *p++ = ',';
    *p++ = ' ';
    ngx_memcpy(p, other->data, other->len);

    len = paylock_pass_strip_public((char *) p, other->len);

    if (len) {
        value->data = joined;
        value->len += 2 + len;
    }

    return NGX_OK;
}


/*
 * Is it a header that some cache in front obeys instead of Cache-Control?  RFC
 * 9213 names them "...-Cache-Control".
 */

static ngx_uint_t
ngx_http_paylock_cache_control_is_shared(ngx_table_elt_t *h)
{
    size_t  i;

    static ngx_str_t          suffix = ngx_string("-Cache-Control");
    static const char *const  names[] = {
        "Surrogate-Control", "Edge-Control", "X-Accel-Expires"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (ngx_http_paylock_cache_control_is(h, names[i])) {
            return 1;
        }
    }

    return h->key.len > suffix.len
           && ngx_strncasecmp(h->key.data + h->key.len - suffix.len,
                              suffix.data, suffix.len)
              == 0;
}


static ngx_uint_t
ngx_http_paylock_cache_control_is(ngx_table_elt_t *h, const char *name)
{
    return h->key.len == ngx_strlen(name)
           && ngx_strncasecmp(h->key.data, (u_char *) name, h->key.len) == 0;
}
