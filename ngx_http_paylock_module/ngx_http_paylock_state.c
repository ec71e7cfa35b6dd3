
/*
 * Copyright (C) 2026 paylock contributors
 *
 * paylock_state: the names of the files, their directory and the key.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "ngx_http_paylock_state.h"


static char *ngx_http_paylock_state_name(ngx_conf_t *cf, ngx_str_t *name,
    const ngx_str_t *file, const char *suffix);
static ngx_int_t ngx_http_paylock_state_directory(
    ngx_http_paylock_file_t *file, ngx_log_t *log);
static ngx_int_t ngx_http_paylock_state_key_make(ngx_http_paylock_file_t *file,
    ngx_log_t *log);
static ngx_int_t ngx_http_paylock_state_key_write(ngx_str_t *name,
    const char *text, size_t len);


char *
ngx_http_paylock_state(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_paylock_main_conf_t  *pmcf = conf;

    char                     *rv;
    ngx_str_t                *value, name;
    ngx_http_paylock_file_t  *file;

    file = &pmcf->file;

    if (file->cycle) {
        return "is duplicate";
    }

    file->cycle = cf->cycle;

    value = cf->args->elts;
    name = value[1];

    if (ngx_strcmp(name.data, "off") == 0) {
        return NGX_CONF_OK;
    }

    if (name.len == 0 || name.data[name.len - 1] == '/') {
        return "must be a file or \"off\"";
    }

    if (ngx_conf_full_name(cf->cycle, &name, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_paylock_state_name(cf, &file->key_name, &name, ".key");

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_paylock_state_name(cf, &file->temp, &name, ".tmp");
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_paylock_state_name(cf, &file->key_temp, &name,
                                         ".key.tmp");
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_paylock_state_name(cf, &file->directory, &name, "");
    }

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    while (file->directory.data[--file->directory.len] != '/') { /* void */ }

    if (file->directory.len == 0) {
        file->directory.len = 1;
    }

    file->directory.data[file->directory.len] = '\0';
    file->name = name;

    return NGX_CONF_OK;
}


static char *
ngx_http_paylock_state_name(ngx_conf_t *cf, ngx_str_t *name,
    const ngx_str_t *file, const char *suffix)
{
    name->len = file->len + ngx_strlen(suffix);

    name->data = ngx_pnalloc(cf->pool, name->len + 1);
    if (name->data == NULL) {
        return NGX_CONF_ERROR;
    }

    (void) ngx_sprintf(name->data, "%V%s%Z", file, suffix);

    return NGX_CONF_OK;
}


void
ngx_http_paylock_state_init(ngx_http_paylock_main_conf_t *pmcf, ngx_log_t *log)
{
    ssize_t                   n;
    ngx_fd_t                  fd;
    ngx_err_t                 err;
    const char               *why;
    u_char                    text[2 * PAYLOCK_STATE_KEY + 2];
    ngx_core_conf_t          *ccf;
    ngx_file_info_t           fi;
    ngx_http_paylock_file_t  *file;

    file = &pmcf->file;

    if (file->name.len == 0) {
        return;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(file->cycle->conf_ctx,
                                           ngx_core_module);

    file->user = ccf->user == (ngx_uid_t) NGX_CONF_UNSET_UINT ? geteuid()
                                                               : ccf->user;

    fd = open((char *) file->key_name.data,
              O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        err = ngx_errno;

        if (err == NGX_ENOENT || err == NGX_ENOTDIR) {
            return;
        }

        file->keyed = NGX_ERROR;

        ngx_log_error(NGX_LOG_ALERT, log, err,
                      "paylock: the key \"%V\" %s; \"paylock_state\" is off "
                      "until it can be read", &file->key_name,
                      err == NGX_ELOOP ? "is a symbolic link"
                                       : "cannot be opened");
        return;
    }

    n = -1;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        why = "is no regular file";

    } else if (fi.st_uid != geteuid()) {
        why = "is not owned by the user who starts nginx";

    } else if (fi.st_mode & 077) {
        why = "can be read or written by others";

    } else {
        n = read(fd, text, sizeof(text));
        why = n == -1 ? "cannot be read"
                      : paylock_state_key((char *) text, n, file->key);
    }

    (void) close(fd);
    OPENSSL_cleanse(text, sizeof(text));

    if (why) {
        file->keyed = NGX_ERROR;

        ngx_log_error(NGX_LOG_ALERT, log, 0,
                      "paylock: the key \"%V\" %s; \"paylock_state\" is off "
                      "until that is mended, or the key is removed: a new one "
                      "is made then", &file->key_name, why);
        return;
    }

    file->keyed = NGX_OK;
}


/* What could not be made is said once, and nginx goes on without. */

void
ngx_http_paylock_state_make(ngx_http_paylock_main_conf_t *pmcf, ngx_log_t *log)
{
    ngx_http_paylock_file_t  *file;

    file = &pmcf->file;

    if (file->name.len == 0 || file->keyed != NGX_DECLINED) {
        return;
    }

    if (ngx_http_paylock_state_directory(file, log) == NGX_OK
        && ngx_http_paylock_state_key_make(file, log) == NGX_OK)
    {
        ngx_http_paylock_state_init(pmcf, log);
    }
}


/*
 * As with temporary paths, but the owner of a directory that was there stays
 * what it is: it may be one of the system's.
 */

static ngx_int_t
ngx_http_paylock_state_directory(ngx_http_paylock_file_t *file, ngx_log_t *log)
{
    ngx_fd_t  fd;

    if (ngx_create_dir(file->directory.data, 0700) == NGX_FILE_ERROR) {

        if (ngx_errno == NGX_EEXIST) {
            return NGX_OK;
        }

        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      ngx_create_dir_n " \"%V\" failed; \"paylock_state\" is "
                      "off", &file->directory);
        return NGX_ERROR;
    }

    if (file->user == geteuid()) {
        return NGX_OK;
    }

    fd = open((char *) file->directory.data,
              O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (fd == -1 || fchown(fd, file->user, -1) == -1) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      "chown(\"%V\", %d) failed; \"paylock_state\" is off",
                      &file->directory, file->user);

        if (fd != -1) {
            (void) close(fd);
        }

        return NGX_ERROR;
    }

    (void) close(fd);

    return NGX_OK;
}


/* A key is there whole or not at all, and never takes another one's place. */

static ngx_int_t
ngx_http_paylock_state_key_make(ngx_http_paylock_file_t *file, ngx_log_t *log)
{
    u_char     text[2 * PAYLOCK_STATE_KEY + 1], *last;
    ngx_int_t  rc;

    if (RAND_bytes(file->key, PAYLOCK_STATE_KEY) != 1) {
        ngx_log_error(NGX_LOG_ALERT, log, 0,
                      "paylock: no random key; \"paylock_state\" is off");
        return NGX_ERROR;
    }

    last = ngx_hex_dump(text, file->key, PAYLOCK_STATE_KEY);
    *last++ = '\n';

    (void) ngx_delete_file(file->key_temp.data);

    rc = ngx_http_paylock_state_key_write(&file->key_temp, (char *) text,
                                          last - text);

    if (rc == NGX_OK
        && link((char *) file->key_temp.data, (char *) file->key_name.data)
           == -1
        && ngx_errno != NGX_EEXIST)
    {
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      "paylock: the key \"%V\" cannot be made; "
                      "\"paylock_state\" is off", &file->key_name);
    }

    (void) ngx_delete_file(file->key_temp.data);
    OPENSSL_cleanse(text, sizeof(text));

    return rc;
}


static ngx_int_t
ngx_http_paylock_state_key_write(ngx_str_t *name, const char *text, size_t len)
{
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_int_t  rc;
    ngx_err_t  err;

    fd = open((char *) name->data, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC,
              0600);

    if (fd == -1) {
        return NGX_ERROR;
    }

    n = write(fd, text, len);

    rc = n == (ssize_t) len && fsync(fd) == 0 ? NGX_OK : NGX_ERROR;

    err = n >= 0 && n < (ssize_t) len ? NGX_ENOSPC : ngx_errno;
    (void) close(fd);
    ngx_set_errno(err);

    return rc;
}
