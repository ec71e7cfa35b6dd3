
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_judge.h"
#include "ngx_http_paylock_log.h"
#include "ngx_http_paylock_page.h"
#include "ngx_http_paylock_request.h"


#define NGX_HTTP_PAYLOCK_BODY    (1024 * 1024)
#define NGX_HTTP_PAYLOCK_LINGER  2      /* seconds */


static void ngx_http_paylock_gate_wrap_content(ngx_http_request_t *r,
    ngx_http_paylock_ctx_t *ctx);
static ngx_int_t ngx_http_paylock_content_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_paylock_gate_exempt(ngx_http_request_t *r);
static ngx_int_t ngx_http_paylock_gate_answer(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);
static void ngx_http_paylock_gate_log(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf, ngx_http_paylock_verdict_t *verdict);


ngx_int_t
ngx_http_paylock_gate(ngx_http_request_t *r, ngx_http_paylock_loc_conf_t *plcf,
    ngx_http_phases phase)
{
    ngx_http_paylock_let_through_e  reason;
    ngx_http_paylock_verdict_t     *verdict;

    verdict = ngx_http_paylock_judge(r);

    if (verdict == NULL) {
        return NGX_ERROR;
    }

    if (verdict == &ngx_http_paylock_verdict_open) {
        return NGX_DECLINED;
    }

    if (r == r->main) {
        verdict->gated = 1;
    }

    if (!ngx_http_paylock_verdict_closed(verdict)) {
        return NGX_DECLINED;
    }

    reason = ngx_http_paylock_let_through(r, plcf, verdict);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "paylock gate: phase %ui, %s, let through: %s",
                   (ngx_uint_t) phase, paylock_stage_names[verdict->stage],
                   reason ? ngx_http_paylock_let_through_names[reason] : "no");

    if (r == r->main) {
        verdict->let_through = reason;
    }

    switch (reason) {

    case NGX_HTTP_PAYLOCK_LET_THROUGH_NONE:
        break;

    case NGX_HTTP_PAYLOCK_LET_THROUGH_EXEMPT:
        return phase == NGX_HTTP_REWRITE_PHASE
               ? ngx_http_paylock_gate_exempt(r) : NGX_DECLINED;

    case NGX_HTTP_PAYLOCK_LET_THROUGH_DRY_RUN:
        ngx_http_paylock_gate_log(r, plcf, verdict);
        /* fall through */

    default:
        return NGX_DECLINED;
    }

    if (r != r->main || r->header_sent) {
        /* a subrequest gets no page, nor does a started response */
        r->headers_out.status = plcf->status;
        return NGX_OK;
    }

    ngx_http_paylock_gate_log(r, plcf, verdict);

    return ngx_http_paylock_gate_answer(r, verdict);
}


/*
 * A "rewrite ... break" or "try_files" may change the path within the location,
 * which ends the exemption.  So the content handler is wrapped, to check again.
 */

static ngx_int_t
ngx_http_paylock_gate_exempt(ngx_http_request_t *r)
{
    ngx_http_paylock_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_paylock_module);

    if (ctx == NULL) {
        ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_paylock_ctx_t));
        if (ctx == NULL) {
            return NGX_ERROR;
        }

        ngx_http_set_ctx(r, ctx, ngx_http_paylock_module);
    }

    ngx_http_paylock_gate_wrap_content(r, ctx);

    return NGX_DECLINED;
}


static void
ngx_http_paylock_gate_wrap_content(ngx_http_request_t *r,
    ngx_http_paylock_ctx_t *ctx)
{
    if (r->content_handler
        && r->content_handler != ngx_http_paylock_content_handler)
    {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "paylock gate: exempt until its content is asked for");

        ctx->content_handler = r->content_handler;
        r->content_handler = ngx_http_paylock_content_handler;
    }
}


/*
 * The location's directives or access modules may have set another content
 * handler since, or variables of "paylock_key".  In these phases NGX_OK means
 * "go on", so that an answered request is finalized here.
 */

ngx_int_t
ngx_http_paylock_recheck_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_paylock_ctx_t       *ctx;
    ngx_http_paylock_verdict_t   *verdict;
    ngx_http_paylock_loc_conf_t  *plcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_paylock_module);

    if (ctx) {
        ngx_http_paylock_gate_wrap_content(r, ctx);
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);
    verdict = ngx_http_paylock_verdict(r);

    if (!plcf->enable || verdict == NULL || !verdict->by_key) {
        return NGX_DECLINED;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "paylock gate: \"paylock_key\" is asked for again");

    rc = ngx_http_paylock_gate(r, plcf, NGX_HTTP_PREACCESS_PHASE);

    if (rc == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


static ngx_int_t
ngx_http_paylock_content_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_paylock_ctx_t       *ctx;
    ngx_http_paylock_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_paylock_module);

    r->content_handler = ctx->content_handler;

    rc = ngx_http_paylock_gate(r, plcf, NGX_HTTP_CONTENT_PHASE);

    return rc == NGX_DECLINED ? r->content_handler(r) : rc;
}


static ngx_int_t
ngx_http_paylock_gate_answer(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict)
{
    ngx_int_t     rc;
    ngx_chain_t  *body;

    /* do not send "100 Continue": the answer comes instead */

    if (r->headers_in.expect) {
        r->expect_tested = 1;
        r->keepalive = 0;
    }

    /* of a huge body read only so much that the client sees the answer */

    if (r->headers_in.content_length_n > NGX_HTTP_PAYLOCK_BODY) {
        r->keepalive = 0;
    }

    r->lingering_time = ngx_time() + NGX_HTTP_PAYLOCK_LINGER;

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    ngx_http_paylock_headers_clear(r);

    if (ngx_http_paylock_page_header(r, verdict, &body) != NGX_OK) {
        return NGX_ERROR;
    }

    verdict->answered = 1;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "paylock answer: %ui", r->headers_out.status);

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, body);
}


/*
 * Each worker logs one request a second for each server, so that visitors
 * cannot fill the disk.  A dry run logs all.
 */

static void
ngx_http_paylock_gate_log(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf, ngx_http_paylock_verdict_t *verdict)
{
    u_char                        host[NGX_HTTP_PAYLOCK_PRINTABLE * 4 + 1];
    ngx_http_paylock_srv_conf_t  *pscf;

    if (verdict->logged || r->connection->log->log_level < plcf->log_level) {
        return;
    }

    verdict->logged = 1;

    pscf = ngx_http_get_module_srv_conf(r, ngx_http_paylock_module);

    if (pscf->logged == ngx_time() && !plcf->dry_run) {
        pscf->unlogged++;
        return;
    }

    ngx_http_paylock_printable(host, (char *) verdict->name.data,
                               verdict->name.len);

    ngx_log_error(plcf->log_level, r->connection->log, 0,
                  "paylock: \"%s\" is %s%s; %ui more since the last such line",
                  host, paylock_stage_names[verdict->stage],
                  plcf->dry_run ? ", dry run" : "", pscf->unlogged);

    pscf->logged = ngx_time();
    pscf->unlogged = 0;
}
