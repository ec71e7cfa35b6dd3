
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Puts the module's handlers into nginx's phases, in front of others.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_request.h"


static ngx_int_t ngx_http_paylock_phases_add(ngx_conf_t *cf,
    ngx_http_phases phase, ngx_http_handler_pt handler);
static ngx_http_handler_pt ngx_http_paylock_phases_rewrite(
    ngx_http_core_main_conf_t *cmcf);


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

    if (!pmcf->recheck) {
        return NGX_OK;
    }

    /* after the location's rewrite directives, and after the access phase */

    return ngx_http_paylock_phases_add(cf, NGX_HTTP_PREACCESS_PHASE,
                                       ngx_http_paylock_recheck_handler)
           == NGX_OK
           ? ngx_http_paylock_phases_add(cf, NGX_HTTP_PRECONTENT_PHASE,
                                         ngx_http_paylock_recheck_handler)
           : NGX_ERROR;
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


/*
 * nginx calls modules that are loaded later first: move our handlers to the
 * front of their phases.
 */

void
ngx_http_paylock_phases_first(ngx_cycle_t *cycle)
{
    ngx_http_phase_handler_t      *ph, *first, ours;
    ngx_http_core_main_conf_t     *cmcf;
    ngx_http_paylock_main_conf_t  *pmcf;

    cmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module);
    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_paylock_module);

    first = cmcf->phase_engine.handlers;

    for (ph = first; ph->checker; ph++) {

        if (ph->checker != first->checker || ph->next != first->next) {
            first = ph;
        }

        if (ph->handler == ngx_http_paylock_server_rewrite_handler
            || ph->handler == ngx_http_paylock_rewrite_handler)
        {
            ours = *ph;
            ngx_memmove(first + 1, first, (u_char *) ph - (u_char *) first);
            *first = ours;
        }
    }

    pmcf->rewrite = ngx_http_paylock_phases_rewrite(cmcf);
}


/* Finds nginx's own rewrite handler: the one that is in both rewrite phases. */

static ngx_http_handler_pt
ngx_http_paylock_phases_rewrite(ngx_http_core_main_conf_t *cmcf)
{
    ngx_uint_t                 i, j;
    ngx_http_handler_pt        found;
    ngx_http_phase_handler_t  *ph;

    ph = cmcf->phase_engine.handlers;
    found = NULL;

    for (i = cmcf->phase_engine.server_rewrite_index;
         ph[i].checker == ngx_http_core_rewrite_phase;
         i++)
    {
        for (j = cmcf->phase_engine.location_rewrite_index;
             ph[j].checker == ngx_http_core_rewrite_phase;
             j++)
        {
            if (ph[i].handler == ph[j].handler) {
                found = ph[i].handler;
            }
        }
    }

    return found;
}
