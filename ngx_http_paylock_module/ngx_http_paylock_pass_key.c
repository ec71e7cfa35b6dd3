
/*
 * Copyright (C) 2026 paylock contributors
 *
 * paylock_pass_key: the keys that passes are made with.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_module.h"


static ngx_int_t ngx_http_paylock_pass_key_load(ngx_conf_t *cf,
    ngx_str_t *file, ngx_fd_t fd, paylock_pass_keys_t *keys);
static ngx_int_t ngx_http_paylock_pass_key_parse(ngx_conf_t *cf,
    ngx_str_t *file, const char *text, size_t len, paylock_pass_keys_t *keys);


char *
ngx_http_paylock_pass_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_paylock_srv_conf_t  *pscf = conf;

    ngx_fd_t    fd;
    ngx_int_t   rc;
    ngx_str_t  *value, file;

    if (pscf->pass_keys) {
        return "is duplicate";
    }

    value = cf->args->elts;
    file = value[1];

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    pscf->pass_keys = ngx_pcalloc(cf->pool, sizeof(paylock_pass_keys_t));
    if (pscf->pass_keys == NULL) {
        return NGX_CONF_ERROR;
    }

    /* a FIFO must not keep nginx waiting */

    fd = ngx_open_file(file.data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"paylock_pass_key\" cannot read \"%V\", which "
                           "\"paylock-admin keygen --pass\" makes: "
                           ngx_open_file_n " failed", &file);
        return NGX_CONF_ERROR;
    }

    rc = ngx_http_paylock_pass_key_load(cf, &file, fd, pscf->pass_keys);

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", &file);
    }

    if (rc != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_paylock_pass_key_load(ngx_conf_t *cf, ngx_str_t *file, ngx_fd_t fd,
    paylock_pass_keys_t *keys)
{
    char              text[PAYLOCK_PASS_FILE + 1];
    ssize_t           n;
    ngx_int_t         rc;
    ngx_file_info_t   fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"paylock_pass_key\" cannot use \"%V\": it is not "
                           "a file", file);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, text, sizeof(text));

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"paylock_pass_key\" cannot read \"%V\": "
                           ngx_read_fd_n " failed", file);
        return NGX_ERROR;
    }

    if (fi.st_mode & (S_IROTH|S_IWOTH)) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "others can read or write the keys in \"%V\": "
                           "chmod 600 it, and make new ones", file);
    }

    rc = ngx_http_paylock_pass_key_parse(cf, file, text, n, keys);

    ngx_explicit_memzero(text, sizeof(text));

    return rc;
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
