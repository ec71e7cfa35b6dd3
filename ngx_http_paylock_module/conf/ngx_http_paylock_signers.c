
/*
 * Copyright (C) 2026 paylock contributors
 *
 * paylock_signers: whose signatures decide what is in force.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <openssl/evp.h>

#include "ngx_http_paylock_conf.h"
#include "paylock_sign.h"


#define NGX_HTTP_PAYLOCK_SIGNERS_SIZE  (1024 * 1024)


static char *ngx_http_paylock_signers_realm(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_paylock_signers_t *signers);
static ngx_int_t ngx_http_paylock_signers_read(ngx_conf_t *cf,
    ngx_http_paylock_signers_t *signers);
static ngx_int_t ngx_http_paylock_signers_check(ngx_conf_t *cf,
    ngx_str_t *file, ngx_fd_t fd);
static ngx_int_t ngx_http_paylock_signers_parse(ngx_conf_t *cf,
    ngx_http_paylock_signers_t *signers, const u_char *text, size_t len);
static ngx_int_t ngx_http_paylock_signers_digest(
    ngx_http_paylock_signers_t *signers, const u_char *text, size_t len);
static void ngx_http_paylock_signers_cleanup(void *data);


char *
ngx_http_paylock_signers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_paylock_main_conf_t  *pmcf = conf;

    char                        *rv;
    ngx_str_t                   *value;
    ngx_http_paylock_signers_t  *signers;

    value = cf->args->elts;
    signers = &pmcf->signers;

    if (signers->file.data) {
        return "is duplicate";
    }

    signers->file = value[1];
    signers->realm = PAYLOCK_REALM;

    if (cf->args->nelts == 3) {
        rv = ngx_http_paylock_signers_realm(cf, &value[2], signers);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return ngx_http_paylock_signers_read(cf, signers) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_paylock_signers_realm(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_paylock_signers_t *signers)
{
    if (ngx_strncmp(value->data, "realm=", sizeof("realm=") - 1) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           value);
        return NGX_CONF_ERROR;
    }

    signers->realm = (char *) value->data + sizeof("realm=") - 1;

    if (!paylock_realm_check(signers->realm)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" names no realm: 1 to %d letters, digits, "
                           "\".\", \"_\" and \"-\"", value, PAYLOCK_REALM_MAX);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_paylock_signers_read(ngx_conf_t *cf,
    ngx_http_paylock_signers_t *signers)
{
    u_char     *text;
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_int_t   rc;

    if (ngx_conf_full_name(cf->cycle, &signers->file, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    text = ngx_palloc(cf->temp_pool, NGX_HTTP_PAYLOCK_SIGNERS_SIZE + 1);
    if (text == NULL) {
        return NGX_ERROR;
    }

    /* do not block on a FIFO */

    fd = ngx_open_file(signers->file.data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"paylock_signers\" cannot read \"%V\": "
                           ngx_open_file_n " failed", &signers->file);
        return NGX_ERROR;
    }

    rc = ngx_http_paylock_signers_check(cf, &signers->file, fd);

    if (rc == NGX_OK) {
        n = ngx_read_fd(fd, text, NGX_HTTP_PAYLOCK_SIGNERS_SIZE + 1);

        if (n == -1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               "\"paylock_signers\" cannot read \"%V\": "
                               ngx_read_fd_n " failed", &signers->file);
            rc = NGX_ERROR;

        } else {
            rc = ngx_http_paylock_signers_parse(cf, signers, text, n);
        }
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", &signers->file);
    }

    return rc;
}


/* Everybody may read it, but who writes it decides what is believed. */

static ngx_int_t
ngx_http_paylock_signers_check(ngx_conf_t *cf, ngx_str_t *file, ngx_fd_t fd)
{
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"paylock_signers\" cannot use \"%V\": it is not "
                           "a file", file);
        return NGX_ERROR;
    }

    if (fi.st_uid != 0 && fi.st_uid != geteuid()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"paylock_signers\" cannot use \"%V\": it is owned "
                           "by user %ud, who can change it: chown it to root",
                           file, (uint32_t) fi.st_uid);
        return NGX_ERROR;
    }

    if (fi.st_mode & (S_IWGRP|S_IWOTH)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"paylock_signers\" cannot use \"%V\": others can "
                           "write it: chmod go-w it", file);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_paylock_signers_parse(ngx_conf_t *cf,
    ngx_http_paylock_signers_t *signers, const u_char *text, size_t len)
{
    unsigned             line;
    const char          *why;
    ngx_pool_cleanup_t  *cln;

    if (len > NGX_HTTP_PAYLOCK_SIGNERS_SIZE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"paylock_signers\" cannot use \"%V\": it has more "
                           "than 1 MB", &signers->file);
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    why = paylock_signers_read((const char *) text, len, &signers->list, &line);

    cln->handler = ngx_http_paylock_signers_cleanup;
    cln->data = &signers->list;

    if (why) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"paylock_signers\" cannot use \"%V\": line %ud %s",
                           &signers->file, line, why);
        return NGX_ERROR;
    }

    if (signers->list.n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"paylock_signers\" cannot use \"%V\": it names no "
                           "signer", &signers->file);
        return NGX_ERROR;
    }

    return ngx_http_paylock_signers_digest(signers, text, len);
}


/* Tells whether a position was verified by the same file and realm. */

static ngx_int_t
ngx_http_paylock_signers_digest(ngx_http_paylock_signers_t *signers,
    const u_char *text, size_t len)
{
    int          ok;
    EVP_MD_CTX  *ctx;

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ok = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1
         && EVP_DigestUpdate(ctx, signers->realm,
                             ngx_strlen(signers->realm) + 1)
            == 1
         && EVP_DigestUpdate(ctx, text, len) == 1
         && EVP_DigestFinal_ex(ctx, signers->digest, NULL) == 1;

    EVP_MD_CTX_free(ctx);

    return ok ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_paylock_signers_cleanup(void *data)
{
    paylock_signers_free(data);
}


void
ngx_http_paylock_signers_tell(ngx_http_paylock_main_conf_t *pmcf,
    ngx_log_t *log)
{
    ngx_http_paylock_signers_t  *signers;

    signers = &pmcf->signers;

    if (signers->list.n) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "paylock: signatures decide: %uz signers in \"%V\", "
                      "realm \"%s\"", signers->list.n, &signers->file,
                      signers->realm);
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, log, 0,
                  "paylock: what Redis says is in force, whoever wrote it: "
                  "there is no \"paylock_signers\"");
}
