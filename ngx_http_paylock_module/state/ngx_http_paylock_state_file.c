
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

#include "ngx_http_paylock_state_file.h"


/* set by ./configure */

#ifndef NGX_PREFIX
#define NGX_PREFIX  ""
#endif

#define NGX_HTTP_PAYLOCK_STATE_OFF                                            \
    "\"paylock_state\" is off, so that a start while Redis is down begins "   \
    "with \"paylock_default\": mend that, or name another file"


static ngx_int_t ngx_http_paylock_state_file_default(
    ngx_http_paylock_state_file_t *file, ngx_str_t *pid);
static ngx_int_t ngx_http_paylock_state_file_names(
    ngx_http_paylock_state_file_t *file);
static ngx_int_t ngx_http_paylock_state_file_name(
    ngx_http_paylock_state_file_t *file, ngx_str_t *name, const char *suffix);
static void ngx_http_paylock_state_file_key_read(
    ngx_http_paylock_state_file_t *file, ngx_log_t *log);
static ngx_int_t ngx_http_paylock_state_file_directory(
    ngx_http_paylock_state_file_t *file, ngx_log_t *log);
static ngx_int_t ngx_http_paylock_state_file_chown(
    ngx_http_paylock_state_file_t *file, ngx_log_t *log);
static ngx_int_t ngx_http_paylock_state_file_key_make(
    ngx_http_paylock_state_file_t *file, ngx_log_t *log);
static ngx_int_t ngx_http_paylock_state_file_key_write(ngx_str_t *name,
    const char *text, size_t len);


char *
ngx_http_paylock_state_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_paylock_main_conf_t  *pmcf = conf;

    ngx_str_t                      *value, name;
    ngx_http_paylock_state_file_t  *file;

    file = &pmcf->state_file;

    if (file->enable != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;
    name = value[1];

    file->enable = ngx_strcmp(name.data, "off") != 0;

    if (!file->enable) {
        return NGX_CONF_OK;
    }

    if (name.len == 0 || name.data[name.len - 1] == '/') {
        return "must be a file or \"off\"";
    }

    if (ngx_conf_full_name(cf->cycle, &name, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    file->name = name;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_paylock_state_file_init(ngx_http_paylock_main_conf_t *pmcf,
    ngx_log_t *log)
{
    ngx_core_conf_t                *ccf;
    ngx_http_paylock_state_file_t  *file;

    file = &pmcf->state_file;

    if (file->enable == 0) {
        return NGX_OK;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(file->cycle->conf_ctx,
                                           ngx_core_module);

    file->user = ccf->user == (ngx_uid_t) NGX_CONF_UNSET_UINT ? geteuid()
                                                               : ccf->user;
    file->level = NGX_LOG_ALERT;

    if (file->enable == NGX_CONF_UNSET) {
        file->level = NGX_LOG_WARN;

        if (ngx_http_paylock_state_file_default(file, &ccf->pid) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (ngx_http_paylock_state_file_names(file) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_paylock_state_file_key_read(file, log);

    return NGX_OK;
}


/*
 * The default place: "paylock" beside nginx's temporary paths.  If the pid file
 * is not the built-in one, its hash is appended: two nginx on a machine must
 * not share a state file.
 */

static ngx_int_t
ngx_http_paylock_state_file_default(ngx_http_paylock_state_file_t *file,
    ngx_str_t *pid)
{
    u_char       *p;
    ngx_str_t     dir = ngx_string(NGX_HTTP_CLIENT_TEMP_PATH);
    ngx_str_t     prefix = ngx_string(NGX_PREFIX);
    ngx_str_t     usual = ngx_string(NGX_PID_PATH);
    ngx_pool_t   *pool;

    pool = file->cycle->pool;

    while (dir.len && dir.data[dir.len - 1] != '/') {
        dir.len--;
    }

    p = ngx_pnalloc(pool, dir.len + sizeof("paylock-12345678/state"));

    if (p == NULL || ngx_get_full_name(pool, &prefix, &usual) != NGX_OK) {
        return NGX_ERROR;
    }

    file->name.data = p;
    p = ngx_sprintf(p, "%Vpaylock", &dir);

    if (pid->len != usual.len
        || ngx_strncmp(pid->data, usual.data, usual.len) != 0)
    {
        p = ngx_sprintf(p, "-%08xD", ngx_crc32_long(pid->data, pid->len));
    }

    file->name.len = ngx_sprintf(p, "/state%Z") - 1 - file->name.data;

    return ngx_get_full_name(pool, &file->cycle->prefix, &file->name);
}


static ngx_int_t
ngx_http_paylock_state_file_names(ngx_http_paylock_state_file_t *file)
{
    ngx_str_t  *dir;

    dir = &file->directory;

    if (ngx_http_paylock_state_file_name(file, &file->key_name, ".key")
        != NGX_OK
        || ngx_http_paylock_state_file_name(file, &file->temp, ".tmp") != NGX_OK
        || ngx_http_paylock_state_file_name(file, &file->key_temp, ".key.tmp")
           != NGX_OK
        || ngx_http_paylock_state_file_name(file, dir, "") != NGX_OK)
    {
        return NGX_ERROR;
    }

    while (dir->data[--dir->len] != '/') { /* void */ }

    dir->len = ngx_max(dir->len, 1);
    dir->data[dir->len] = '\0';

    return NGX_OK;
}


static ngx_int_t
ngx_http_paylock_state_file_name(ngx_http_paylock_state_file_t *file,
    ngx_str_t *name, const char *suffix)
{
    name->len = file->name.len + ngx_strlen(suffix);

    name->data = ngx_pnalloc(file->cycle->pool, name->len + 1);
    if (name->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(name->data, "%V%s%Z", &file->name, suffix);

    return NGX_OK;
}


static void
ngx_http_paylock_state_file_key_read(ngx_http_paylock_state_file_t *file,
    ngx_log_t *log)
{
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_err_t         err;
    const char       *why;
    u_char            text[2 * PAYLOCK_STATE_KEY + 2];
    ngx_file_info_t   fi;

    fd = open((char *) file->key_name.data,
              O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        err = ngx_errno;

        if (err == NGX_ENOENT || err == NGX_ENOTDIR) {
            return;
        }

        file->keyed = NGX_ERROR;

        ngx_log_error(file->level, log, err,
                      "paylock: the key \"%V\" %s; "
                      NGX_HTTP_PAYLOCK_STATE_OFF, &file->key_name,
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


/* Errors are logged, and nginx runs without a state file. */

void
ngx_http_paylock_state_file_make(ngx_http_paylock_main_conf_t *pmcf,
    ngx_log_t *log)
{
    ngx_http_paylock_state_file_t  *file;

    file = &pmcf->state_file;

    if (file->enable == 0 || file->keyed == NGX_ERROR) {
        return;
    }

    if (ngx_http_paylock_state_file_directory(file, log) == NGX_OK
        && file->keyed == NGX_DECLINED
        && ngx_http_paylock_state_file_key_make(file, log) == NGX_OK)
    {
        ngx_http_paylock_state_file_key_read(file, log);
    }
}


/*
 * As nginx does with temporary paths, but an existing directory that the
 * operator named keeps its owner: it may be one of the system's.
 */

static ngx_int_t
ngx_http_paylock_state_file_directory(ngx_http_paylock_state_file_t *file,
    ngx_log_t *log)
{
    ngx_file_info_t  fi;

    if (ngx_create_dir(file->directory.data, 0700) == NGX_FILE_ERROR) {

        if (ngx_errno != NGX_EEXIST) {
            ngx_log_error(file->level, log, ngx_errno,
                          "paylock: " ngx_create_dir_n " \"%V\" failed; "
                          NGX_HTTP_PAYLOCK_STATE_OFF, &file->directory);
            return NGX_ERROR;
        }

        if (file->enable == 1
            || (ngx_file_info(file->directory.data, &fi) != NGX_FILE_ERROR
                && fi.st_uid == file->user))
        {
            return NGX_OK;
        }

    } else if (file->user == geteuid()) {
        return NGX_OK;
    }

    return ngx_http_paylock_state_file_chown(file, log);
}


static ngx_int_t
ngx_http_paylock_state_file_chown(ngx_http_paylock_state_file_t *file,
    ngx_log_t *log)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    rc = NGX_OK;

    fd = open((char *) file->directory.data,
              O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (fd == -1 || fchown(fd, file->user, -1) == -1) {
        ngx_log_error(file->level, log, ngx_errno,
                      "paylock: chown(\"%V\", %d) failed; "
                      NGX_HTTP_PAYLOCK_STATE_OFF, &file->directory,
                      file->user);
        rc = NGX_ERROR;
    }

    if (fd != -1) {
        (void) close(fd);
    }

    return rc;
}


/* Creates the key atomically, and never replaces one: link() fails then. */

static ngx_int_t
ngx_http_paylock_state_file_key_make(ngx_http_paylock_state_file_t *file,
    ngx_log_t *log)
{
    u_char     text[2 * PAYLOCK_STATE_KEY + 1], *last;
    ngx_int_t  rc;

    if (RAND_bytes(file->key, PAYLOCK_STATE_KEY) != 1) {
        ngx_log_error(NGX_LOG_ALERT, log, 0,
                      "paylock: no random key; " NGX_HTTP_PAYLOCK_STATE_OFF);
        return NGX_ERROR;
    }

    last = ngx_hex_dump(text, file->key, PAYLOCK_STATE_KEY);
    *last++ = '\n';

    (void) ngx_delete_file(file->key_temp.data);

    rc = ngx_http_paylock_state_file_key_write(&file->key_temp, (char *) text,
                                               last - text);

    if (rc == NGX_OK
        && link((char *) file->key_temp.data, (char *) file->key_name.data)
           == -1
        && ngx_errno != NGX_EEXIST)
    {
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_log_error(file->level, log, ngx_errno,
                      "paylock: the key \"%V\" cannot be made; "
                      NGX_HTTP_PAYLOCK_STATE_OFF, &file->key_name);
    }

    (void) ngx_delete_file(file->key_temp.data);
    OPENSSL_cleanse(text, sizeof(text));

    return rc;
}


static ngx_int_t
ngx_http_paylock_state_file_key_write(ngx_str_t *name, const char *text,
    size_t len)
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
