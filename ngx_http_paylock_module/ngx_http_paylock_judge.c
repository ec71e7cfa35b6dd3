
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The verdict on a request, which holds for its subrequests, too.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_module.h"


static void ngx_http_paylock_judge_count(void *data);


ngx_http_paylock_verdict_t  ngx_http_paylock_open;


ngx_http_paylock_verdict_t *
ngx_http_paylock_judge(ngx_http_request_t *r)
{
    ngx_http_paylock_verdict_t  *verdict;

    verdict = ngx_http_paylock_verdict(r);

    if (verdict == NULL) {
        verdict = ngx_http_paylock_judge_name(r->main);
    }

    if (verdict && verdict->by_key) {
        ngx_http_paylock_host_key(r->main, verdict);
    }

    return verdict;
}


ngx_http_paylock_verdict_t *
ngx_http_paylock_judge_name(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_paylock_verdict_t     found, *verdict;
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);

    ngx_http_paylock_host_find(r, &found);

    if (found.stage == PAYLOCK_OPEN && !found.by_key) {
        pmcf->count->n[PAYLOCK_OPEN]++;
        verdict = &ngx_http_paylock_open;

    } else {
        cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_paylock_verdict_t));
        if (cln == NULL) {
            return NULL;
        }

        cln->handler = ngx_http_paylock_judge_count;

        verdict = cln->data;
        *verdict = found;
        verdict->count = pmcf->count;
    }

    *ngx_http_paylock_slot(r) = (u_char *) verdict;

    return verdict;
}


/* Counts a request when it ends: what became of it is known then. */

static void
ngx_http_paylock_judge_count(void *data)
{
    ngx_http_paylock_verdict_t  *verdict = data;

    if (verdict->gated || verdict->stage == PAYLOCK_OPEN) {
        verdict->count->n[verdict->pass ? PAYLOCK_LOCKED + verdict->pass
                                        : verdict->stage]++;
    }
}
