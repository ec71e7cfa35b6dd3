
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_verdict.h"


static ngx_http_paylock_verdict_t *ngx_http_paylock_verdict_copy(
    ngx_http_request_t *r, const ngx_http_paylock_verdict_t *found,
    ngx_pool_cleanup_pt handler);
static void ngx_http_paylock_verdict_detached_mark(void *data);
static void ngx_http_paylock_verdict_count(void *data);


ngx_http_paylock_verdict_t  ngx_http_paylock_verdict_open;


ngx_http_paylock_verdict_t *
ngx_http_paylock_verdict_keep(ngx_http_request_t *r,
    const ngx_http_paylock_verdict_t *found)
{
    return ngx_http_paylock_verdict_copy(r, found,
                                         ngx_http_paylock_verdict_count);
}


ngx_http_paylock_verdict_t *
ngx_http_paylock_verdict_keep_detached(ngx_http_request_t *r,
    const ngx_http_paylock_verdict_t *found)
{
    return ngx_http_paylock_verdict_copy(r, found,
                                        ngx_http_paylock_verdict_detached_mark);
}


static ngx_http_paylock_verdict_t *
ngx_http_paylock_verdict_copy(ngx_http_request_t *r,
    const ngx_http_paylock_verdict_t *found, ngx_pool_cleanup_pt handler)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_paylock_verdict_t));
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = handler;
    ngx_memcpy(cln->data, found, sizeof(ngx_http_paylock_verdict_t));

    return cln->data;
}


ngx_http_paylock_verdict_t *
ngx_http_paylock_verdict_detached(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->main->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_paylock_verdict_detached_mark) {
            return cln->data;
        }
    }

    return NULL;
}


/* Marks the cleanup that holds the verdict; copies are not counted. */

static void
ngx_http_paylock_verdict_detached_mark(void *data)
{
    /* void */
}


/* Counts a request when it ends. */

static void
ngx_http_paylock_verdict_count(void *data)
{
    ngx_http_paylock_verdict_t  *verdict = data;

    if (verdict->gated || verdict->stage == PAYLOCK_OPEN) {
        verdict->counters->n[verdict->let_through
                             ? PAYLOCK_LOCKED + verdict->let_through
                             : verdict->stage]++;
    }
}


ngx_uint_t
ngx_http_paylock_verdict_closed(const ngx_http_paylock_verdict_t *verdict)
{
    return verdict->stage == PAYLOCK_LOCKED
           || (verdict->stage == PAYLOCK_READONLY && !verdict->safe_method);
}
