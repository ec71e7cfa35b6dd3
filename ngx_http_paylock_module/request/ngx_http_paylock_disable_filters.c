
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Filters that replace a body: the image filter answers our page with 415. Our
 * answers get a copy of r->loc_conf in which these filters are off.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_request.h"


static ngx_int_t ngx_http_paylock_disable_filters_add(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf, ngx_module_t *module);


static const char *const  ngx_http_paylock_replacing[] = {
    "ngx_http_image_filter_module",
    "ngx_http_xslt_filter_module"
};


ngx_int_t
ngx_http_paylock_disable_filters_init(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf)
{
    size_t          i;
    ngx_module_t  **module;

    for (module = cf->cycle->modules; *module; module++) {

        if ((*module)->type != NGX_HTTP_MODULE) {
            continue;
        }

        for (i = 0; i < sizeof(ngx_http_paylock_replacing)
                        / sizeof(ngx_http_paylock_replacing[0]); i++)
        {
            if (ngx_strcmp((*module)->name, ngx_http_paylock_replacing[i]) == 0
                && ngx_http_paylock_disable_filters_add(cf, pmcf, *module)
                   != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


/* The filter's configuration of a location without its directives. */

static ngx_int_t
ngx_http_paylock_disable_filters_add(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf, ngx_module_t *module)
{
    void                                *parent, *conf;
    ngx_http_module_t                   *ctx;
    ngx_http_paylock_disabled_filter_t  *neutral;

    ctx = module->ctx;

    if (ctx->create_loc_conf == NULL || ctx->merge_loc_conf == NULL) {
        return NGX_OK;
    }

    parent = ctx->create_loc_conf(cf);
    conf = ctx->create_loc_conf(cf);

    if (parent == NULL || conf == NULL
        || ctx->merge_loc_conf(cf, parent, conf) != NGX_CONF_OK)
    {
        return NGX_ERROR;
    }

    neutral = ngx_array_push(&pmcf->disabled_filters);
    if (neutral == NULL) {
        return NGX_ERROR;
    }

    neutral->index = module->ctx_index;
    neutral->conf = conf;

    return NGX_OK;
}


ngx_int_t
ngx_http_paylock_disable_filters(ngx_http_request_t *r)
{
    void                               **loc_conf;
    ngx_uint_t                           i;
    ngx_http_paylock_disabled_filter_t  *neutral;
    ngx_http_paylock_main_conf_t        *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);
    neutral = pmcf->disabled_filters.elts;

    if (pmcf->disabled_filters.nelts == 0) {
        return NGX_OK;
    }

    loc_conf = ngx_palloc(r->pool, ngx_http_max_module * sizeof(void *));
    if (loc_conf == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(loc_conf, r->loc_conf, ngx_http_max_module * sizeof(void *));

    for (i = 0; i < pmcf->disabled_filters.nelts; i++) {
        loc_conf[neutral[i].index] = neutral[i].conf;
    }

    r->loc_conf = loc_conf;

    return NGX_OK;
}
