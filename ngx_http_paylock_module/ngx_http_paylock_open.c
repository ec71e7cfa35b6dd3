
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


/* names that are hashed without a loop, and few are longer */

#define NGX_HTTP_PAYLOCK_SHORT  128


static ngx_uint_t ngx_http_paylock_open_host(ngx_http_request_t *r,
    ngx_http_paylock_main_conf_t *pmcf);
static ngx_uint_t ngx_http_paylock_open_below(
    const ngx_http_paylock_table_t *table, const ngx_str_t *host);


ngx_http_paylock_verdict_t  ngx_http_paylock_open;


__attribute__((flatten)) ngx_int_t
ngx_http_paylock_open_server_checker(ngx_http_request_t *r,
    ngx_http_phase_handler_t *ph)
{
    u_char                       **verdict;
    ngx_http_paylock_loc_conf_t   *plcf;
    ngx_http_paylock_main_conf_t  *pmcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    if (plcf->enable) {
        pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);
        verdict = &r->variables[pmcf->verdict].data;

        if (*verdict != NULL || !ngx_http_paylock_open_host(r, pmcf)) {
            return ngx_http_paylock_open_checker(r, ph);
        }

        *verdict = (u_char *) &ngx_http_paylock_open;
    }

    r->phase_handler++;

    return NGX_AGAIN;
}


ngx_http_paylock_apart ngx_int_t
ngx_http_paylock_open_checker(ngx_http_request_t *r,
    ngx_http_phase_handler_t *ph)
{
    if (ngx_http_paylock_verdict(r) != &ngx_http_paylock_open) {
        return ngx_http_core_rewrite_phase(r, ph);
    }

    r->phase_handler++;

    return NGX_AGAIN;
}


/* A name of this server's that no record could be for; 0 says nothing. */

static ngx_inline ngx_uint_t
ngx_http_paylock_open_host(ngx_http_request_t *r,
    ngx_http_paylock_main_conf_t *pmcf)
{
    uint64_t                      hash;
    ngx_str_t                    *host;
    ngx_http_paylock_srv_conf_t  *pscf;

    pscf = ngx_http_get_module_srv_conf(r, ngx_http_paylock_module);

    if (pscf->def != PAYLOCK_OPEN) {
        return 0;
    }

    if (ngx_http_paylock_load(&pmcf->table.sh->count) == 0) {
        return 1;
    }

    host = &r->headers_in.server;

    if (host->len - 1 >= NGX_HTTP_PAYLOCK_SHORT || pscf->key || r->host_start)
    {
        return 0;
    }

    hash = ngx_http_paylock_hash(&pmcf->table, host->data, host->len);

    if (ngx_http_paylock_may_have(&pmcf->table, hash)
        || (ngx_http_paylock_load(&pmcf->table.sh->suffixes)
            && ngx_http_paylock_open_below(&pmcf->table, host)))
    {
        return 0;
    }

    return ngx_http_paylock_chosen(r)
           || ngx_http_paylock_names_have(pscf, host, hash);
}


/* May a name that this one is below have suffix records? */

static ngx_http_paylock_apart __attribute__((flatten)) ngx_uint_t
ngx_http_paylock_open_below(const ngx_http_paylock_table_t *table,
    const ngx_str_t *host)
{
    size_t      len, n;
    u_char     *dot;
    uint64_t    word;

    for (n = 0; n < host->len; n += 64) {

        for (word = ngx_http_paylock_load(&table->sh->lengths[n / 64]);
             word;
             word &= word - 1)
        {
            len = n + __builtin_ctzll(word);

            if (len >= host->len) {
                return 0;
            }

            dot = host->data + host->len - len - 1;

            if (*dot == '.'
                && ngx_http_paylock_may_have(table,
                               ngx_http_paylock_hash(table, dot + 1, len)))
            {
                return 1;
            }
        }
    }

    return 0;
}
