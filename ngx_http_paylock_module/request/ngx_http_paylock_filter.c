
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The header filter catches answers that the gate has not seen: errors in the
 * request itself, a server's "return" above a location with "off", and what
 * another filter puts in place of our answer.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_judge.h"
#include "ngx_http_paylock_page.h"
#include "ngx_http_paylock_request.h"


static ngx_int_t ngx_http_paylock_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_paylock_filter_answer(ngx_http_request_t *r);
static ngx_int_t ngx_http_paylock_filter_location_off(ngx_http_request_t *r);
static ngx_int_t ngx_http_paylock_filter_blank(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf, ngx_http_paylock_verdict_t *verdict);
static ngx_int_t ngx_http_paylock_filter_let_through(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf, ngx_http_paylock_verdict_t *verdict);
static ngx_int_t ngx_http_paylock_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


/*
 * nginx has one chain of filters for all configurations.  A new one that fails
 * late leaves its chain behind, perhaps without ours, to workers that are
 * started for the old one.  So each worker puts ours in front.
 */

void
ngx_http_paylock_filter_init(void)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_paylock_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_paylock_body_filter;
}


static ngx_int_t
ngx_http_paylock_header_filter(ngx_http_request_t *r)
{
    ngx_http_paylock_verdict_t  *verdict;

    verdict = ngx_http_paylock_verdict(r);

    return verdict == &ngx_http_paylock_verdict_open
           ? ngx_http_next_header_filter(r)
           : ngx_http_paylock_filter_answer(r);
}


static ngx_http_paylock_noinline ngx_int_t
ngx_http_paylock_filter_answer(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_chain_t                  *body;
    ngx_http_paylock_verdict_t   *verdict;
    ngx_http_paylock_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    if (!plcf->enable) {
        return ngx_http_paylock_filter_location_off(r);
    }

    verdict = ngx_http_paylock_judge(r);

    if (verdict == NULL) {
        return NGX_ERROR;
    }

    if (r != r->main) {
        return ngx_http_paylock_filter_blank(r, plcf, verdict);
    }

    if (verdict->answered && !verdict->header_begun) {
        verdict->header_begun = 1;
        return ngx_http_next_header_filter(r);
    }

    /* if answered: another filter held our answer back and now sends its own */

    if (!verdict->answered) {

        rc = ngx_http_paylock_filter_let_through(r, plcf, verdict);

        if (rc != NGX_DECLINED) {
            return rc == NGX_OK ? ngx_http_next_header_filter(r) : rc;
        }
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "paylock filter: %s, instead of %ui",
                   paylock_stage_names[verdict->stage], r->headers_out.status);

    ngx_http_paylock_headers_clear(r);

    if (ngx_http_paylock_page_header(r, verdict, &body) != NGX_OK) {
        return NGX_ERROR;
    }

    verdict->answered = 1;
    verdict->header_begun = 1;
    verdict->replaced = 1;

    rc = ngx_http_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_next_body_filter(r, body);
}


/*
 * A location with "off" may include parts of the site that a pass has opened.
 */

static ngx_int_t
ngx_http_paylock_filter_location_off(ngx_http_request_t *r)
{
    ngx_http_paylock_verdict_t  *verdict;

    verdict = ngx_http_paylock_verdict(r);

    if (r == r->main && verdict && ngx_http_paylock_verdict_closed(verdict)
        && ngx_http_paylock_pass_good(r, verdict)
        && ngx_http_paylock_cache_control_private(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


/*
 * A subrequest that the server's directives answer has not met the gate, and
 * its main request may be in a location with "off": it gets no body.
 */

static ngx_int_t
ngx_http_paylock_filter_blank(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf, ngx_http_paylock_verdict_t *verdict)
{
    ngx_http_paylock_ctx_t  *ctx;

    if (!ngx_http_paylock_verdict_closed(verdict)
        || ngx_http_paylock_let_through(r, plcf, verdict)
           != NGX_HTTP_PAYLOCK_LET_THROUGH_NONE)
    {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_paylock_ctx_t));
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "paylock filter: subrequest \"%V\" gets no body", &r->uri);

    ctx->blank = 1;
    verdict->blanked = 1;

    ngx_http_set_ctx(r, ctx, ngx_http_paylock_module);

    ngx_http_paylock_headers_clear(r);
    r->headers_out.status = plcf->status;

    return ngx_http_next_header_filter(r);
}


/* NGX_OK: the answer goes out as it is; NGX_DECLINED: ours replaces it. */

static ngx_int_t
ngx_http_paylock_filter_let_through(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf, ngx_http_paylock_verdict_t *verdict)
{
    if (verdict == &ngx_http_paylock_verdict_open) {
        return NGX_OK;
    }

    verdict->gated = 1;

    if (!ngx_http_paylock_verdict_closed(verdict)) {
        return NGX_OK;
    }

    verdict->let_through = ngx_http_paylock_let_through(r, plcf, verdict);

    if (verdict->let_through == NGX_HTTP_PAYLOCK_LET_THROUGH_NONE) {
        return NGX_DECLINED;
    }

    return verdict->let_through == NGX_HTTP_PAYLOCK_LET_THROUGH_PASS
           ? ngx_http_paylock_cache_control_private(r) : NGX_OK;
}


static ngx_int_t
ngx_http_paylock_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t                 *cl;
    ngx_http_paylock_ctx_t      *ctx;
    ngx_http_paylock_verdict_t  *verdict;

    verdict = ngx_http_paylock_verdict(r);

    if (verdict == NULL || in == NULL
        || !(verdict->replaced || verdict->blanked))
    {
        return ngx_http_next_body_filter(r, in);
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_paylock_module);

    if (!verdict->replaced && (ctx == NULL || !ctx->blank)) {
        return ngx_http_next_body_filter(r, in);
    }

    /* our body has gone out with the header: drop the replaced one */

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    return r->connection->buffered ? NGX_AGAIN : NGX_OK;
}
