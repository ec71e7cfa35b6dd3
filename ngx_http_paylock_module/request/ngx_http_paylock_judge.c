
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_host.h"
#include "ngx_http_paylock_judge.h"
#include "ngx_http_paylock_request.h"


static ngx_http_paylock_verdict_t *ngx_http_paylock_judge_detached(
    ngx_http_request_t *r);


ngx_http_paylock_verdict_t *
ngx_http_paylock_judge(ngx_http_request_t *r)
{
    ngx_http_paylock_verdict_t  *verdict;

    verdict = ngx_http_paylock_verdict(r);

    if (verdict == NULL) {
        verdict = ngx_http_paylock_judge_name(r);
    }

    if (verdict && verdict->by_key) {
        ngx_http_paylock_host_key(r->main, verdict);
    }

    return verdict;
}


ngx_http_paylock_verdict_t *
ngx_http_paylock_judge_name(ngx_http_request_t *r)
{
    ngx_http_request_t            *main;
    ngx_http_paylock_verdict_t     found, *verdict;
    ngx_http_paylock_main_conf_t  *pmcf;

    if (ngx_http_paylock_is_detached(r)) {
        return ngx_http_paylock_judge_detached(r);
    }

    main = r->main;
    pmcf = ngx_http_get_module_main_conf(main, ngx_http_paylock_module);

    ngx_http_paylock_host_find(main, &found);

    ngx_log_debug5(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "paylock verdict: \"%V\" is %s by %s%s%V",
                   &found.name, paylock_stage_names[found.stage],
                   found.found ? "record " : "default",
                   found.kind == PAYLOCK_HOST_EXACT ? ""
                   : found.kind == PAYLOCK_HOST_BELOW ? "*." : ".",
                   &found.host);

    if (found.stage == PAYLOCK_OPEN && !found.by_key) {
        pmcf->counters->n[PAYLOCK_OPEN]++;
        verdict = &ngx_http_paylock_verdict_open;

    } else {
        verdict = ngx_http_paylock_verdict_keep(main, &found);
        if (verdict == NULL) {
            return NULL;
        }

        verdict->counters = pmcf->counters;
    }

    *ngx_http_paylock_verdict_slot(main) = (u_char *) verdict;

    return verdict;
}


/*
 * The request that was copied still exists when the copy begins.  All that
 * depends on it is evaluated now and stored with the copy.
 */

static ngx_http_paylock_verdict_t *
ngx_http_paylock_judge_detached(ngx_http_request_t *r)
{
    ngx_http_paylock_verdict_t    found, *kept;
    ngx_http_paylock_loc_conf_t  *plcf;

    kept = (ngx_http_paylock_verdict_t *) *ngx_http_paylock_verdict_slot(r);

    if (kept && kept != &ngx_http_paylock_verdict_open) {
        found = *kept;

    } else if (kept) {
        ngx_memzero(&found, sizeof(ngx_http_paylock_verdict_t));

    } else {
        ngx_http_paylock_host_find(r->main, &found);
    }

    if (found.by_key) {
        ngx_http_paylock_host_key(r->main, &found);
        found.by_key = 0;
    }

    if (ngx_http_paylock_verdict_closed(&found)) {
        plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);
        found.let_through = ngx_http_paylock_let_through(r, plcf, &found);
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "paylock verdict: detached \"%V\" is %s",
                   &found.name, paylock_stage_names[found.stage]);

    found.detached = 1;

    return ngx_http_paylock_verdict_keep_detached(r->main, &found);
}
