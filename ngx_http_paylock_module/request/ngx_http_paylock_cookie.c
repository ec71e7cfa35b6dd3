
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Takes our cookies out of the request: neither the backend nor a variable sees
 * them.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_request.h"


static ngx_uint_t ngx_http_paylock_cookie_cut(ngx_table_elt_t *h,
    paylock_pass_found_pt found, void *data);
static void ngx_http_paylock_cookie_drop(ngx_list_t *headers,
    ngx_table_elt_t *h);
static void ngx_http_paylock_cookie_unlink(ngx_list_t *headers,
    ngx_list_part_t *part);


#if (nginx_version >= 1023000)

void
ngx_http_paylock_cookie_take(ngx_http_request_t *r, paylock_pass_found_pt found,
    void *data)
{
    ngx_table_elt_t  *h, **next;

    next = &r->headers_in.cookie;

    for (h = *next; h; h = *next) {

        if (ngx_http_paylock_cookie_cut(h, found, data)) {
            *next = h->next;
            ngx_http_paylock_cookie_drop(&r->headers_in.headers, h);

        } else {
            next = &h->next;
        }
    }
}

#else

void
ngx_http_paylock_cookie_take(ngx_http_request_t *r, paylock_pass_found_pt found,
    void *data)
{
    ngx_uint_t         i, n;
    ngx_table_elt_t  **h;

    h = r->headers_in.cookies.elts;

    for (i = 0, n = 0; i < r->headers_in.cookies.nelts; i++) {

        if (ngx_http_paylock_cookie_cut(h[i], found, data)) {
            ngx_http_paylock_cookie_drop(&r->headers_in.headers, h[i]);

        } else {
            h[n++] = h[i];
        }
    }

    r->headers_in.cookies.nelts = n;
}

#endif


/* Returns 1 if the header held nothing else. */

static ngx_uint_t
ngx_http_paylock_cookie_cut(ngx_table_elt_t *h, paylock_pass_found_pt found,
    void *data)
{
    size_t  len;

    len = h->value.len;
    h->value.len = paylock_pass_strip_cookie((char *) h->value.data, len, found,
                                        data);

    return len && h->value.len == 0;
}


/*
 * Removes a header from the list.  Other headers must not move, as pointers to
 * them exist; and no part may be empty, as walkers of the list do not expect
 * that.
 */

static void
ngx_http_paylock_cookie_drop(ngx_list_t *headers, ngx_table_elt_t *h)
{
    ngx_uint_t        i, rest;
    ngx_table_elt_t  *elts;
    ngx_list_part_t  *part, *tail;

    for (part = &headers->part; part; part = part->next) {
        elts = part->elts;

        if (h >= elts && h < elts + part->nelts) {
            break;
        }
    }

    if (part == NULL) {
        return;
    }

    elts = part->elts;
    i = h - elts;
    rest = part->nelts - i - 1;

    if (rest == 0) {
        part->nelts--;

        if (i == 0 && part != &headers->part) {
            ngx_http_paylock_cookie_unlink(headers, part);
        }

        return;
    }

    tail = i ? ngx_palloc(headers->pool, sizeof(ngx_list_part_t)) : NULL;

    if (i && tail == NULL) {
        return;
    }

    if (headers->last == part) {
        headers->nalloc -= i + 1;
    }

    if (i == 0) {
        part->elts = h + 1;
        part->nelts = rest;
        return;
    }

    tail->elts = h + 1;
    tail->nelts = rest;
    tail->next = part->next;

    part->nelts = i;
    part->next = tail;

    if (headers->last == part) {
        headers->last = tail;
    }
}


/* Removes an empty part; the one before it counts as full. */

static void
ngx_http_paylock_cookie_unlink(ngx_list_t *headers, ngx_list_part_t *part)
{
    ngx_list_part_t  *prev;

    for (prev = &headers->part; prev->next != part; prev = prev->next) {
        /* void */
    }

    prev->next = part->next;

    if (headers->last == part) {
        headers->last = prev;
        headers->nalloc = prev->nelts ? prev->nelts : 1;
    }
}
