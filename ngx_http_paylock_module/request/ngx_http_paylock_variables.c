
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_host.h"
#include "ngx_http_paylock_judge.h"
#include "ngx_http_paylock_page.h"
#include "ngx_http_paylock_request.h"


static ngx_int_t ngx_http_paylock_state_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_paylock_host_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_paylock_ref_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_paylock_until_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_paylock_contact_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_paylock_request_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_paylock_kept(ngx_conf_t *cf, ngx_str_t *name);
static ngx_int_t ngx_http_paylock_kept_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_paylock_record(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);
static ngx_int_t ngx_http_paylock_value(ngx_http_variable_value_t *v,
    const u_char *data, size_t len);


static ngx_http_variable_t  ngx_http_paylock_variables[] = {

    { ngx_string("paylock_state"), NULL, ngx_http_paylock_state_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("paylock_host"), NULL, ngx_http_paylock_host_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("paylock_ref"), NULL, ngx_http_paylock_ref_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("paylock_until"), NULL, ngx_http_paylock_until_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("paylock_contact"), NULL, ngx_http_paylock_contact_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("paylock_request"), NULL, ngx_http_paylock_request_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


/*
 * their slots hold the verdict, see ngx_http_paylock_verdict_slot(), and when
 * the pass was issued, see ngx_http_paylock_pass_good(); they have no values
 */

static ngx_str_t  ngx_http_paylock_verdict_name = ngx_string("paylock_verdict");
static ngx_str_t  ngx_http_paylock_pass_name = ngx_string("paylock_pass");


ngx_int_t
ngx_http_paylock_variables_add(ngx_conf_t *cf)
{
    ngx_http_variable_t           *var, *v;
    ngx_http_paylock_main_conf_t  *pmcf;

    for (v = ngx_http_paylock_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_paylock_module);

    pmcf->verdict_index = ngx_http_paylock_kept(cf,
                                                &ngx_http_paylock_verdict_name);
    pmcf->pass_index = ngx_http_paylock_kept(cf, &ngx_http_paylock_pass_name);

    return pmcf->verdict_index == NGX_ERROR || pmcf->pass_index == NGX_ERROR
           ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_http_paylock_kept(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_http_variable_t  *var;

    var = ngx_http_add_variable(cf, name, NGX_HTTP_VAR_NOHASH);
    if (var == NULL) {
        return NGX_ERROR;
    }

    var->get_handler = ngx_http_paylock_kept_variable;

    return ngx_http_get_variable_index(cf, name);
}


static ngx_int_t
ngx_http_paylock_state_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    const char                     *name;
    ngx_http_paylock_let_through_e  reason;
    ngx_http_paylock_verdict_t     *verdict;
    ngx_http_paylock_loc_conf_t    *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    if (!plcf->enable) {
        return ngx_http_paylock_value(v, NULL, 0);
    }

    verdict = ngx_http_paylock_judge(r);
    if (verdict == NULL) {
        return NGX_ERROR;
    }

    name = paylock_stage_names[verdict->stage];

    if (!verdict->answered && ngx_http_paylock_verdict_closed(verdict)) {
        reason = ngx_http_paylock_let_through(r, plcf, verdict);

        if (reason != NGX_HTTP_PAYLOCK_LET_THROUGH_NONE) {
            name = ngx_http_paylock_let_through_names[reason];
        }
    }

    return ngx_http_paylock_value(v, (u_char *) name, ngx_strlen(name));
}


static ngx_int_t
ngx_http_paylock_host_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                     *p, *last;
    ngx_http_paylock_verdict_t  verdict;

    if (ngx_http_paylock_record(r, &verdict) != NGX_OK) {
        return ngx_http_paylock_value(v, NULL, 0);
    }

    if (verdict.kind == PAYLOCK_HOST_EXACT) {
        return ngx_http_paylock_value(v, verdict.host.data, verdict.host.len);
    }

    p = ngx_pnalloc(r->pool, sizeof("*.") - 1 + verdict.host.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_sprintf(p, "%s.%V",
                       verdict.kind == PAYLOCK_HOST_BELOW ? "*" : "",
                       &verdict.host);

    return ngx_http_paylock_value(v, p, last - p);
}


static ngx_int_t
ngx_http_paylock_ref_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                      *p;
    ngx_http_paylock_verdict_t   verdict;

    if (ngx_http_paylock_record(r, &verdict) != NGX_OK
        || verdict.record.ref_len == 0)
    {
        return ngx_http_paylock_value(v, NULL, 0);
    }

    p = ngx_pnalloc(r->pool, verdict.record.ref_len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, verdict.record.ref, verdict.record.ref_len);

    return ngx_http_paylock_value(v, p, verdict.record.ref_len);
}


/* Rounded up to a full minute, as on the page. */

static ngx_int_t
ngx_http_paylock_until_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                      *p;
    ngx_tm_t                     tm;
    uint32_t                     until;
    ngx_http_paylock_verdict_t   verdict;

    until = 0;

    if (ngx_http_paylock_record(r, &verdict) == NGX_OK) {
        until = ngx_http_paylock_page_until(&verdict);
    }

    if (until == 0) {
        return ngx_http_paylock_value(v, NULL, 0);
    }

    p = ngx_pnalloc(r->pool, sizeof("2026-11-01 09:00 UTC") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_gmtime((time_t) until + 59, &tm);

    ngx_sprintf(p, "%4d-%02d-%02d %02d:%02d UTC", tm.ngx_tm_year,
                tm.ngx_tm_mon, tm.ngx_tm_mday, tm.ngx_tm_hour, tm.ngx_tm_min);

    return ngx_http_paylock_value(v, p, sizeof("2026-11-01 09:00 UTC") - 1);
}


static ngx_int_t
ngx_http_paylock_contact_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_paylock_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    return ngx_http_paylock_value(v, plcf->contact.data,
                                  plcf->enable ? plcf->contact.len : 0);
}


/* The request line, without tokens. */

static ngx_int_t
ngx_http_paylock_request_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t  line;

    line = r->request_line;

    if (ngx_http_paylock_pass_mask(r->pool, &line) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_paylock_value(v, line.data, line.len);
}


static ngx_int_t
ngx_http_paylock_kept_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    v->not_found = 1;

    return NGX_OK;
}


/*
 * The record that matched.  Verdicts on open hosts are not stored: look again.
 */

static ngx_int_t
ngx_http_paylock_record(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict)
{
    ngx_http_paylock_verdict_t   *kept;
    ngx_http_paylock_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    if (!plcf->enable) {
        return NGX_DECLINED;
    }

    kept = ngx_http_paylock_judge(r);
    if (kept == NULL) {
        return NGX_ERROR;
    }

    if (kept == &ngx_http_paylock_verdict_open) {
        ngx_http_paylock_host_find(r->main, verdict);

    } else {
        *verdict = *kept;
    }

    return verdict->found ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_paylock_value(ngx_http_variable_value_t *v, const u_char *data,
    size_t len)
{
    v->len = len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = (u_char *) data;

    return NGX_OK;
}
