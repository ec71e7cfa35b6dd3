
/*
 * Copyright (C) 2026 paylock contributors
 *
 * paylock_pass_key: the keys that passes are made with.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_conf.h"


static ngx_int_t ngx_http_paylock_pass_key_parse(ngx_conf_t *cf,
    ngx_str_t *file, const char *text, size_t len, paylock_pass_keys_t *keys);


char *
ngx_http_paylock_pass_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_paylock_srv_conf_t  *pscf = conf;

    ssize_t     n;
    u_char      text[PAYLOCK_PASS_FILE + 1];
    ngx_int_t   rc;
    ngx_str_t  *value, file;

    if (pscf->pass_keys) {
        return "is duplicate";
    }

    value = cf->args->elts;
    file = value[1];

    pscf->pass_keys = ngx_pcalloc(cf->pool, sizeof(paylock_pass_keys_t));
    if (pscf->pass_keys == NULL) {
        return NGX_CONF_ERROR;
    }

    n = ngx_http_paylock_secret_read(cf, "paylock_pass_key", &file,
                                     ", which \"paylock-admin keygen --pass\" "
                                     "makes", text, sizeof(text));
    if (n == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_http_paylock_pass_key_parse(cf, &file, (char *) text, n,
                                         pscf->pass_keys);

    ngx_explicit_memzero(text, sizeof(text));

    return rc == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_paylock_pass_key_parse(ngx_conf_t *cf, ngx_str_t *file,
    const char *text, size_t len, paylock_pass_keys_t *keys)
{
    size_t       line;
    const char  *why;

    why = paylock_pass_keys(text, len, keys, &line);

    if (why) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"paylock_pass_key\" cannot use \"%V\": line %uz "
                           "%s", file, line, why);
        return NGX_ERROR;
    }

    return NGX_OK;
}
