
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Files that hold a secret: passwords and keys.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_conf.h"


static ngx_int_t ngx_http_paylock_secret_check(ngx_conf_t *cf,
    const char *name, ngx_str_t *file, ngx_fd_t fd);


ssize_t
ngx_http_paylock_secret_read(ngx_conf_t *cf, const char *name, ngx_str_t *file,
    const char *maker, u_char *data, size_t size)
{
    ssize_t   n;
    ngx_fd_t  fd;

    if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    /* do not block on a FIFO */

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"%s\" cannot read \"%V\"%s: "
                           ngx_open_file_n " failed", name, file, maker);
        return NGX_ERROR;
    }

    n = NGX_ERROR;

    if (ngx_http_paylock_secret_check(cf, name, file, fd) == NGX_OK) {
        n = ngx_read_fd(fd, data, size);

        if (n == -1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               "\"%s\" cannot read \"%V\": "
                               ngx_read_fd_n " failed", name, file);
        }
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", file);
    }

    return n;
}


/*
 * The group may read it: paylock-admin may run as another user of that group.
 */

static ngx_int_t
ngx_http_paylock_secret_check(ngx_conf_t *cf, const char *name,
    ngx_str_t *file, ngx_fd_t fd)
{
    ngx_uint_t       mode;
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" cannot use \"%V\": it is not a file", name,
                           file);
        return NGX_ERROR;
    }

    if (fi.st_uid != 0 && fi.st_uid != geteuid()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" cannot use \"%V\": it is owned by user %ud, "
                           "who can change it: chown it to root", name, file,
                           (uint32_t) fi.st_uid);
        return NGX_ERROR;
    }

    mode = fi.st_mode & 0777;

    if (mode & (S_IWGRP|S_IROTH|S_IWOTH)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" cannot use \"%V\": its mode is 0%ui%ui%ui, "
                           "so that others can %s it: chmod 600 it, or 640 "
                           "for a group that may know it, and make a new one",
                           name, file, mode >> 6, mode >> 3 & 7, mode & 7,
                           mode & (S_IWGRP|S_IWOTH) ? "change" : "read");
        return NGX_ERROR;
    }

    return NGX_OK;
}
