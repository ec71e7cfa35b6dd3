
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Why a request to a closed host is let through.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_request.h"


/* For a subrequest the bypass and the pass of its main request count. */

ngx_http_paylock_let_through_e
ngx_http_paylock_let_through(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf, ngx_http_paylock_verdict_t *verdict)
{
    ngx_int_t  rc;

    if (verdict->detached) {
        return verdict->let_through;
    }

    if ((r == r->main && verdict->exempt && ngx_http_paylock_is_as_sent(r))
        || ngx_http_paylock_is_exempt(r, plcf))
    {
        return NGX_HTTP_PAYLOCK_LET_THROUGH_EXEMPT;
    }

    /* the bypass may use $paylock_state: do not recurse */

    if (plcf->bypass && !verdict->asking_bypass) {
        verdict->asking_bypass = 1;
        rc = ngx_http_paylock_evaluate_predicates(r->main, plcf->bypass);
        verdict->asking_bypass = 0;

        if (rc == NGX_DECLINED) {
            return NGX_HTTP_PAYLOCK_LET_THROUGH_BYPASS;
        }
    }

    if (ngx_http_paylock_pass_good(r, verdict)) {
        return NGX_HTTP_PAYLOCK_LET_THROUGH_PASS;
    }

    return plcf->dry_run ? NGX_HTTP_PAYLOCK_LET_THROUGH_DRY_RUN
                         : NGX_HTTP_PAYLOCK_LET_THROUGH_NONE;
}
