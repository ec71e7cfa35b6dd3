
/*
 * Copyright (C) 2026 paylock contributors
 *
 * When a request is judged: before its server's directives, and before those
 * of each location that it comes to.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_module.h"


static ngx_int_t ngx_http_paylock_phases_add(ngx_conf_t *cf,
    ngx_http_phases phase, ngx_http_handler_pt handler);
static ngx_int_t ngx_http_paylock_server_rewrite_handler(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_paylock_rewrite_handler(ngx_http_request_t *r);
static void ngx_http_paylock_judged(void *data);


ngx_int_t
ngx_http_paylock_phases_init(ngx_conf_t *cf)
{
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_paylock_module);

    if (ngx_http_paylock_phases_add(cf, NGX_HTTP_SERVER_REWRITE_PHASE,
                                    ngx_http_paylock_server_rewrite_handler)
        != NGX_OK
        || ngx_http_paylock_phases_add(cf, NGX_HTTP_REWRITE_PHASE,
                                       ngx_http_paylock_rewrite_handler)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return pmcf->ifs
           ? ngx_http_paylock_phases_add(cf, NGX_HTTP_PREACCESS_PHASE,
                                         ngx_http_paylock_preaccess_handler)
           : NGX_OK;
}


static ngx_int_t
ngx_http_paylock_phases_add(ngx_conf_t *cf, ngx_http_phases phase,
    ngx_http_handler_pt handler)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[phase].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


/* nginx has lined up the handlers of all modules. */

void
ngx_http_paylock_phases_shorten(ngx_cycle_t *cycle)
{
    ngx_http_phase_handler_t   *ph;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module);

    for (ph = cmcf->phase_engine.handlers; ph->checker; ph++) {

        if (ph->handler == ngx_http_paylock_server_rewrite_handler) {
            ph->checker = ngx_http_paylock_open_server_checker;

        } else if (ph->handler == ngx_http_paylock_rewrite_handler) {
            ph->checker = ngx_http_paylock_open_checker;
        }
    }
}


static ngx_int_t
ngx_http_paylock_server_rewrite_handler(ngx_http_request_t *r)
{
    ngx_http_paylock_srv_conf_t  *pscf;
    ngx_http_paylock_loc_conf_t  *plcf;

    pscf = ngx_http_get_module_srv_conf(r, ngx_http_paylock_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    /* which location's word counts is not known before FIND_CONFIG */

    return pscf->locations_differ || !plcf->enable
           ? NGX_DECLINED
           : ngx_http_paylock_gate(r, plcf, NGX_HTTP_SERVER_REWRITE_PHASE);
}


static ngx_int_t
ngx_http_paylock_rewrite_handler(ngx_http_request_t *r)
{
    ngx_http_paylock_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    return plcf->enable
           ? ngx_http_paylock_gate(r, plcf, NGX_HTTP_REWRITE_PHASE)
           : NGX_DECLINED;
}


/* Returns NULL when out of memory. */

ngx_http_paylock_verdict_t *
ngx_http_paylock_judge(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_paylock_verdict_t     found, *verdict;
    ngx_http_paylock_main_conf_t  *pmcf;

    verdict = ngx_http_paylock_verdict(r);

    if (verdict) {
        return verdict;
    }

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);

    ngx_http_paylock_host_find(r, &found);

    if (found.stage == PAYLOCK_OPEN) {
        pmcf->count->n[PAYLOCK_OPEN]++;
        verdict = &ngx_http_paylock_open;

    } else {
        cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_paylock_verdict_t));
        if (cln == NULL) {
            return NULL;
        }

        cln->handler = ngx_http_paylock_judged;

        verdict = cln->data;
        *verdict = found;
        verdict->count = pmcf->count;
    }

    r->variables[pmcf->verdict].data = (u_char *) verdict;

    return verdict;
}


/* Counts a request when it ends: what became of it is known then. */

static void
ngx_http_paylock_judged(void *data)
{
    ngx_http_paylock_verdict_t  *verdict = data;

    verdict->count->n[verdict->pass ? PAYLOCK_LOCKED + verdict->pass
                                    : verdict->stage]++;
}
