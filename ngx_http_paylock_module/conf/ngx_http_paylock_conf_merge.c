
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Defaults and inheritance of the directives.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_answer.h"


#define NGX_HTTP_PAYLOCK_ZONE_SIZE  (8 * 1024 * 1024)


void *
ngx_http_paylock_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_paylock_main_conf_t));
    if (pmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&pmcf->disabled_filters, cf->pool, 2,
                       sizeof(ngx_http_paylock_disabled_filter_t))
        != NGX_OK
        || ngx_array_init(&pmcf->pages, cf->pool, 4,
                          sizeof(ngx_http_paylock_pages_t *))
           != NGX_OK
        || ngx_array_init(&pmcf->answers, cf->pool, 4,
                          sizeof(ngx_http_paylock_answer_t *))
           != NGX_OK
        || ngx_array_init(&pmcf->templates, cf->pool, 1,
                          sizeof(ngx_http_paylock_template_t *))
           != NGX_OK
        || ngx_array_init(&pmcf->servers, cf->pool, 4,
                          sizeof(ngx_http_paylock_srv_conf_t *))
           != NGX_OK)
    {
        return NULL;
    }

    pmcf->size = NGX_CONF_UNSET_SIZE;
    pmcf->reconcile = NGX_CONF_UNSET_MSEC;
    pmcf->state_file.enable = NGX_CONF_UNSET;
    pmcf->state_file.cycle = cf->cycle;
    pmcf->state_file.keyed = NGX_DECLINED;
    pmcf->redis.ssl_verify = NGX_CONF_UNSET;

    return pmcf;
}


char *
ngx_http_paylock_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_paylock_main_conf_t  *pmcf = conf;

    ngx_conf_init_size_value(pmcf->size, NGX_HTTP_PAYLOCK_ZONE_SIZE);
    ngx_conf_init_msec_value(pmcf->reconcile, 60000);

    if (ngx_http_paylock_node_name_init(cf, &pmcf->name) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (pmcf->used || pmcf->redis.name.len) {
        return ngx_http_paylock_conf_redis_init(cf, &pmcf->redis);
    }

    return NGX_CONF_OK;
}


void *
ngx_http_paylock_create_srv_conf(ngx_conf_t *cf)
{
    ngx_http_paylock_srv_conf_t  *pscf;

    pscf = ngx_pcalloc(cf->pool, sizeof(ngx_http_paylock_srv_conf_t));
    if (pscf == NULL) {
        return NULL;
    }

    pscf->def = NGX_CONF_UNSET_UINT;

    return pscf;
}


char *
ngx_http_paylock_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_paylock_srv_conf_t  *prev = parent;
    ngx_http_paylock_srv_conf_t  *conf = child;

    ngx_conf_merge_uint_value(conf->def, prev->def, PAYLOCK_OPEN);

    if (conf->pass_keys == NULL) {
        conf->pass_keys = prev->pass_keys;
    }

    if (conf->key == NULL) {
        conf->key = prev->key;
        conf->constant = prev->constant;
    }

    return NGX_CONF_OK;
}


void *
ngx_http_paylock_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_paylock_loc_conf_t  *plcf;

    plcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_paylock_loc_conf_t));
    if (plcf == NULL) {
        return NULL;
    }

    plcf->enable = NGX_CONF_UNSET;
    plcf->status = NGX_CONF_UNSET_UINT;
    plcf->retry_after = NGX_CONF_UNSET;
    plcf->discreet = NGX_CONF_UNSET_UINT;
    plcf->log_level = NGX_CONF_UNSET_UINT;
    plcf->dry_run = NGX_CONF_UNSET;
    plcf->bypass = NGX_CONF_UNSET_PTR;

    return plcf;
}


char *
ngx_http_paylock_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_paylock_loc_conf_t   *prev = parent;
    ngx_http_paylock_loc_conf_t   *conf = child;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_paylock_srv_conf_t   *pscf;
    ngx_http_paylock_main_conf_t  *pmcf;

    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_uint_value(conf->status, prev->status,
                              NGX_HTTP_SERVICE_UNAVAILABLE);
    ngx_conf_merge_sec_value(conf->retry_after, prev->retry_after, 3600);

    if (conf->discreet == NGX_CONF_UNSET_UINT) {
        conf->template = prev->template;
    }

    ngx_conf_merge_uint_value(conf->discreet, prev->discreet, 0);
    ngx_conf_merge_str_value(conf->contact, prev->contact, "");
    ngx_conf_merge_uint_value(conf->log_level, prev->log_level,
                              NGX_LOG_NOTICE);
    ngx_conf_merge_value(conf->dry_run, prev->dry_run, 0);
    ngx_conf_merge_ptr_value(conf->bypass, prev->bypass, NULL);

    if (conf->exempt == NULL) {
        conf->exempt = prev->exempt ? prev->exempt
                                    : ngx_http_paylock_exempt_defaults();
    }

    pscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_paylock_module);

    if (conf->enable) {
        pscf->enabled = 1;

        pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_paylock_module);

        conf->answer = ngx_http_paylock_answer_get(cf, pmcf, conf);
        if (conf->answer == NULL) {
            return NGX_CONF_ERROR;
        }

        clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
        pmcf->recheck |= clcf->noname && clcf->handler;
        pmcf->dry_runs += conf->dry_run && !clcf->noname;
    }

    conf->merged = 1;

    if (prev->merged
        && (conf->enable != prev->enable
            || conf->answer != prev->answer
            || conf->retry_after != prev->retry_after
            || conf->log_level != prev->log_level
            || conf->dry_run != prev->dry_run
            || conf->bypass != prev->bypass
            || conf->exempt != prev->exempt))
    {
        pscf->by_location = 1;
    }

    return NGX_CONF_OK;
}
