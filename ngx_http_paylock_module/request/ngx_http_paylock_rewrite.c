
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The handlers of the rewrite phases.  A request is judged before the
 * directives of its server run, and answered then or, if locations differ,
 * before those of its location.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_judge.h"
#include "ngx_http_paylock_request.h"


static ngx_int_t ngx_http_paylock_rewrite(ngx_http_request_t *r);
static ngx_int_t ngx_http_paylock_rewrite_once(ngx_http_request_t *r);


/* No directive has run yet: the host is the one that the client asked for. */

ngx_int_t
ngx_http_paylock_server_rewrite(ngx_http_request_t *r,
    ngx_http_paylock_srv_conf_t *pscf)
{
    ngx_int_t                     rc;
    ngx_http_paylock_verdict_t   *verdict;
    ngx_http_paylock_loc_conf_t  *plcf;

    verdict = ngx_http_paylock_verdict(r);

    if (verdict == NULL && pscf->enabled) {
        verdict = ngx_http_paylock_judge_name(r);

        if (verdict == NULL) {
            return NGX_ERROR;
        }
    }

    if (pscf->pass_keys && r == r->main) {
        rc = ngx_http_paylock_pass_accept(r);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    if (!plcf->enable || verdict == &ngx_http_paylock_verdict_open) {
        return NGX_DECLINED;
    }

    if (r == r->main) {
        verdict->exempt = ngx_http_paylock_is_exempt(r, plcf);
    }

    return pscf->by_location
           ? NGX_DECLINED
           : ngx_http_paylock_gate(r, plcf, NGX_HTTP_SERVER_REWRITE_PHASE);
}


ngx_int_t
ngx_http_paylock_rewrite_handler(ngx_http_request_t *r)
{
    ngx_http_core_srv_conf_t  *cscf;

    if (r != r->main
        || *ngx_http_paylock_verdict_slot(r)
           != (u_char *) &ngx_http_paylock_verdict_open)
    {
        return ngx_http_paylock_rewrite(r);
    }

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    return r->loc_conf == cscf->ctx->loc_conf
           ? ngx_http_paylock_rewrite_once(r) : NGX_DECLINED;
}


static ngx_http_paylock_noinline ngx_int_t
ngx_http_paylock_rewrite(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_paylock_verdict_t   *verdict;
    ngx_http_paylock_loc_conf_t  *plcf;

    verdict = ngx_http_paylock_verdict(r);

    if (verdict == &ngx_http_paylock_verdict_open) {
        return ngx_http_paylock_rewrite_once(r);
    }

    if (verdict && r == r->main) {
        verdict->exempt = 0;
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    if (plcf->enable) {
        rc = ngx_http_paylock_gate(r, plcf, NGX_HTTP_REWRITE_PHASE);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return ngx_http_paylock_rewrite_once(r);
}


/*
 * If no location matches, nginx's rewrite handler would run the server's
 * directives twice.  It avoids that only if it is the first of its phase, which
 * our handler is now: so it is skipped here.
 */

static ngx_http_paylock_noinline ngx_int_t
ngx_http_paylock_rewrite_once(ngx_http_request_t *r)
{
    ngx_http_core_srv_conf_t      *cscf;
    ngx_http_core_main_conf_t     *cmcf;
    ngx_http_paylock_main_conf_t  *pmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);

    if (r->loc_conf == cscf->ctx->loc_conf
        && cmcf->phase_engine.handlers[r->phase_handler + 1].handler
           == pmcf->rewrite)
    {
        r->phase_handler++;
    }

    return NGX_DECLINED;
}
