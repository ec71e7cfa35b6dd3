
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_page.h"


#define NGX_HTTP_PAYLOCK_TEMPLATE_MAX  (64 * 1024)


static ngx_int_t ngx_http_paylock_template_load(ngx_conf_t *cf,
    ngx_str_t *file, ngx_fd_t fd, ngx_str_t *text);


ngx_int_t
ngx_http_paylock_template_read(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *text)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    /* a FIFO must not keep nginx waiting */

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"paylock_page\" cannot read \"%V\": "
                           ngx_open_file_n " failed", file);
        return NGX_ERROR;
    }

    rc = ngx_http_paylock_template_load(cf, file, fd, text);

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", file);
    }

    return rc;
}


static ngx_int_t
ngx_http_paylock_template_load(ngx_conf_t *cf, ngx_str_t *file, ngx_fd_t fd,
    ngx_str_t *text)
{
    ssize_t          n;
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"paylock_page\" cannot read \"%V\": "
                           ngx_fd_info_n " failed", file);
        return NGX_ERROR;
    }

    if (!ngx_is_file(&fi) || ngx_file_size(&fi) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"paylock_page\" cannot use \"%V\": it is %s",
                           file, ngx_is_file(&fi) ? "empty" : "not a file");
        return NGX_ERROR;
    }

    if (ngx_file_size(&fi) > NGX_HTTP_PAYLOCK_TEMPLATE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"paylock_page\" cannot use \"%V\": it has %O "
                           "bytes, %d are allowed", file, ngx_file_size(&fi),
                           NGX_HTTP_PAYLOCK_TEMPLATE_MAX);
        return NGX_ERROR;
    }

    text->data = ngx_pnalloc(cf->pool, ngx_file_size(&fi));
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, text->data, ngx_file_size(&fi));

    if (n != (ssize_t) ngx_file_size(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, n == -1 ? ngx_errno : 0,
                           "\"paylock_page\" cannot read \"%V\": "
                           ngx_read_fd_n " returned %z", file, n);
        return NGX_ERROR;
    }

    text->len = n;

    return NGX_OK;
}
