
/*
 * Copyright (C) 2026 paylock contributors
 *
 * paylock_exempt: paths that stay open on a closed host.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_conf.h"
#include "paylock_exempt.h"


static ngx_str_t  ngx_http_paylock_exempt_default[] = {
    ngx_string("/robots.txt"),
    ngx_string(PAYLOCK_EXEMPT_ACME),
    ngx_null_string
};


char *
ngx_http_paylock_exempt(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_paylock_loc_conf_t  *plcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;
    const char  *why;

    if (plcf->exempt) {
        return "is duplicate";
    }

    value = cf->args->elts;

    plcf->exempt = ngx_pcalloc(cf->pool, cf->args->nelts * sizeof(ngx_str_t));
    if (plcf->exempt == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        why = paylock_exempt_check((char *) value[i].data, value[i].len);

        if (why) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "path \"%V\" in \"paylock_exempt\" %s",
                               &value[i], why);
            return NGX_CONF_ERROR;
        }

        plcf->exempt[i - 1] = value[i];
    }

    return NGX_CONF_OK;
}


ngx_str_t *
ngx_http_paylock_exempt_defaults(void)
{
    return ngx_http_paylock_exempt_default;
}
