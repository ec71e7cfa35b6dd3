
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The short way of a request to a host that is open.  Without it everything
 * would be as it is, but slower: who does not pass here goes on to the phase's
 * own checker and to our handler.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_module.h"
#include "ngx_http_paylock_slot.h"


/* names that are hashed in a straight line; few are longer */

#define NGX_HTTP_PAYLOCK_SHORT  64


static ngx_int_t ngx_http_paylock_open_next(ngx_http_request_t *r,
    ngx_http_phase_handler_t *ph);
static ngx_uint_t ngx_http_paylock_open_host(ngx_http_request_t *r,
    const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_srv_conf_t *pscf);
static ngx_uint_t ngx_http_paylock_open_below(ngx_http_request_t *r,
    const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_srv_conf_t *pscf, uint64_t hash);
static ngx_uint_t ngx_http_paylock_open_own(ngx_http_request_t *r,
    const ngx_http_paylock_srv_conf_t *pscf, uint64_t hash);


ngx_http_paylock_verdict_t  ngx_http_paylock_open;


/* Of a location: its server's has judged most requests already. */

ngx_int_t
ngx_http_paylock_open_checker(ngx_http_request_t *r,
    ngx_http_phase_handler_t *ph)
{
    return ngx_http_paylock_verdict(r) == &ngx_http_paylock_open
           ? ngx_http_paylock_open_next(r, ph)
           : ngx_http_paylock_open_server_checker(r, ph);
}


ngx_http_paylock_apart ngx_int_t
ngx_http_paylock_open_server_checker(ngx_http_request_t *r,
    ngx_http_phase_handler_t *ph)
{
    u_char                       **verdict;
    ngx_http_paylock_srv_conf_t   *pscf;
    ngx_http_paylock_loc_conf_t   *plcf;
    ngx_http_paylock_main_conf_t  *pmcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    if (!plcf->enable) {
        return ngx_http_paylock_open_next(r, ph);
    }

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);
    pscf = ngx_http_get_module_srv_conf(r, ngx_http_paylock_module);
    verdict = &r->variables[pmcf->verdict].data;

    if (*verdict == NULL
        && pscf->def == PAYLOCK_OPEN
        && (ngx_http_paylock_load(&pmcf->table.sh->count) == 0
            || ngx_http_paylock_open_host(r, &pmcf->table, pscf)))
    {
        pmcf->count->n[PAYLOCK_OPEN]++;
        *verdict = (u_char *) &ngx_http_paylock_open;
        return ngx_http_paylock_open_next(r, ph);
    }

    return ngx_http_core_rewrite_phase(r, ph);
}


/* What nginx would come to next: ours are never the last. */

static ngx_inline ngx_int_t
ngx_http_paylock_open_next(ngx_http_request_t *r, ngx_http_phase_handler_t *ph)
{
    r->phase_handler++;
    ph++;

    return ph->checker(r, ph);
}


/* A name of this server's that no record could be for; 0 says nothing. */

static ngx_http_paylock_apart __attribute__((flatten)) ngx_uint_t
ngx_http_paylock_open_host(ngx_http_request_t *r,
    const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_srv_conf_t *pscf)
{
    uint64_t    hash;
    ngx_str_t  *host;

    host = &r->headers_in.server;

    if (host->len - 1 >= NGX_HTTP_PAYLOCK_SHORT || pscf->key || r->host_start)
    {
        return 0;
    }

    hash = ngx_http_paylock_hash(table, host->data, host->len);

    if (ngx_http_paylock_may_have(table, hash)) {
        return 0;
    }

    /* longer suffixes than fit into a short name do not count */

    return ngx_http_paylock_load(&table->sh->lengths[0])
           ? ngx_http_paylock_open_below(r, table, pscf, hash)
           : ngx_http_paylock_open_own(r, pscf, hash);
}


/* The same for suffix records of the names that it is below. */

static ngx_http_paylock_apart __attribute__((flatten)) ngx_uint_t
ngx_http_paylock_open_below(ngx_http_request_t *r,
    const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_srv_conf_t *pscf, uint64_t hash)
{
    size_t      len;
    u_char     *dot;
    uint64_t    lengths;
    ngx_str_t  *host;

    host = &r->headers_in.server;

    for (lengths = ngx_http_paylock_load(&table->sh->lengths[0]);
         lengths;
         lengths &= lengths - 1)
    {
        len = __builtin_ctzll(lengths);

        if (len >= host->len) {
            break;
        }

        dot = host->data + host->len - len - 1;

        if (*dot == '.'
            && ngx_http_paylock_may_have(table,
                               ngx_http_paylock_hash(table, dot + 1, len)))
        {
            return 0;
        }
    }

    return ngx_http_paylock_open_own(r, pscf, hash);
}


static ngx_inline ngx_uint_t
ngx_http_paylock_open_own(ngx_http_request_t *r,
    const ngx_http_paylock_srv_conf_t *pscf, uint64_t hash)
{
    if (ngx_http_paylock_chosen(r)) {
        return 1;
    }

    return ngx_http_paylock_names_have(pscf, &r->headers_in.server, hash);
}
