
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The fast path of a request to an open host.  It only saves time: rewrite.c
 * gives the same result.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_host.h"
#include "ngx_http_paylock_request.h"
#include "ngx_http_paylock_slot.h"


/* longer names, which are rare, take the full path */

#define NGX_HTTP_PAYLOCK_SHORT  64


static ngx_uint_t ngx_http_paylock_fast_path(ngx_http_request_t *r,
    const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_srv_conf_t *pscf);


__attribute__((flatten)) ngx_int_t
ngx_http_paylock_server_rewrite_handler(ngx_http_request_t *r)
{
    u_char                       **verdict;
    ngx_http_paylock_srv_conf_t   *pscf;
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);
    pscf = ngx_http_get_module_srv_conf(r, ngx_http_paylock_module);

    verdict = &r->variables[pmcf->verdict_index].data;

    if (r != r->main
        || !pscf->enabled
        || pscf->pass_keys
        || *verdict
        || !ngx_http_paylock_fast_path(r, &pmcf->table, pscf))
    {
        return ngx_http_paylock_server_rewrite(r, pscf);
    }

    /* no ngx_log_debug() here: that costs 5 instructions of 290 */

    pmcf->counters->n[PAYLOCK_OPEN]++;
    *verdict = (u_char *) &ngx_http_paylock_verdict_open;

    return NGX_DECLINED;
}


/* 1: certainly open; 0: take the full path. */

static ngx_inline ngx_uint_t
ngx_http_paylock_fast_path(ngx_http_request_t *r,
    const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_srv_conf_t *pscf)
{
    uint64_t    hash, changes;
    ngx_str_t  *host;

    if (pscf->def != PAYLOCK_OPEN) {
        return 0;
    }

    if (ngx_http_paylock_load(&table->sh->count) == 0) {
        return 1;
    }

    host = &r->headers_in.server;

    if (host->len - 1 >= NGX_HTTP_PAYLOCK_SHORT || pscf->key
        || (r->host_start && !ngx_http_paylock_host_same(r)))
    {
        return 0;
    }

    changes = ngx_http_paylock_load(&table->sh->changes);
    hash = ngx_http_paylock_hash(table, host->data, host->len);

    if (ngx_http_paylock_may_have(table, hash)) {
        return 0;
    }

    /* a short name has no suffix of 64 bytes or more */

    if (ngx_http_paylock_load(&table->sh->lengths[0])
        && ngx_http_paylock_table_above(table, host->data, host->len))
    {
        return 0;
    }

    /* nothing has changed between the two looks */

    if (ngx_http_paylock_load(&table->sh->changes) != changes) {
        return 0;
    }

    return (pscf->exact && ngx_http_paylock_server_is_chosen(r))
           || ngx_http_paylock_names_have(r, pscf, host, hash);
}
