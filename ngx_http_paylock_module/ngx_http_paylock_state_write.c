
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The state file is written, in a thread that does not log and has no pool.
 * It walks over the table as requests do, without a lock.  Records that change
 * meanwhile are newer than the entry that the file names.  A scan of Redis
 * reads them like that, too: what follows the entry is read again.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <sys/file.h>

#include "ngx_http_paylock_state.h"


#define NGX_HTTP_PAYLOCK_SAVE_BUFFER  65536


static ngx_int_t ngx_http_paylock_save(ngx_http_paylock_saver_t *saver);
static ngx_int_t ngx_http_paylock_save_file(ngx_http_paylock_saver_t *saver);
static ngx_int_t ngx_http_paylock_save_records(
    ngx_http_paylock_saver_t *saver);
static ngx_int_t ngx_http_paylock_save_flush(ngx_http_paylock_saver_t *saver);
static ngx_int_t ngx_http_paylock_save_head(ngx_http_paylock_saver_t *saver);
static ngx_int_t ngx_http_paylock_save_bytes(ngx_http_paylock_saver_t *saver,
    const u_char *data, size_t len, off_t offset);
static ngx_int_t ngx_http_paylock_save_rename(
    ngx_http_paylock_saver_t *saver);
static ngx_int_t ngx_http_paylock_save_replace(
    ngx_http_paylock_saver_t *saver, ngx_fd_t directory);
static ngx_int_t ngx_http_paylock_save_failed(ngx_http_paylock_saver_t *saver,
    const char *what);


void *
ngx_http_paylock_save_thread(void *data)
{
    ngx_http_paylock_saver_t  *saver = data;

    saver->fd = -1;
    saver->err = 0;
    saver->rc = ngx_http_paylock_save(saver);

    if (saver->fd != -1) {
        (void) close(saver->fd);
    }

    __atomic_store_n(&saver->done, 1, __ATOMIC_RELEASE);

    return NULL;
}


static ngx_int_t
ngx_http_paylock_save(ngx_http_paylock_saver_t *saver)
{
    ngx_int_t  rc;

    saver->digest = EVP_MD_CTX_new();
    saver->buffer = malloc(NGX_HTTP_PAYLOCK_SAVE_BUFFER);
    saver->records = malloc(NGX_HTTP_PAYLOCK_STEPS
                            * sizeof(paylock_state_record_t));

    if (saver->digest == NULL || saver->buffer == NULL
        || saver->records == NULL)
    {
        rc = ngx_http_paylock_save_failed(saver, "malloc()");

    } else {
        rc = ngx_http_paylock_save_file(saver);
    }

    EVP_MD_CTX_free(saver->digest);
    free(saver->buffer);
    free(saver->records);

    return rc;
}


static ngx_int_t
ngx_http_paylock_save_file(ngx_http_paylock_saver_t *saver)
{
    char       *temp;
    ngx_int_t   rc;

    temp = (char *) saver->pmcf->file.temp.data;

    /* what a killed worker has left, or one of another binary is writing */

    if (unlink(temp) == -1 && ngx_errno != NGX_ENOENT) {
        return ngx_http_paylock_save_failed(saver, "unlink()");
    }

    saver->fd = open(temp, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);

    if (saver->fd == -1) {
        return ngx_http_paylock_save_failed(saver, "open()");
    }

    rc = ngx_http_paylock_save_records(saver);

    if (rc == NGX_OK) {
        rc = ngx_http_paylock_save_head(saver);
    }

    if (rc == NGX_OK && fsync(saver->fd) == -1) {
        rc = ngx_http_paylock_save_failed(saver, "fsync()");
    }

    if (rc == NGX_OK) {
        return ngx_http_paylock_save_rename(saver);
    }

    (void) unlink(temp);

    return rc;
}


static ngx_int_t
ngx_http_paylock_save_records(ngx_http_paylock_saver_t *saver)
{
    uint32_t                   b;
    ngx_uint_t                 i, n;
    ngx_http_paylock_table_t  *table;

    table = &saver->pmcf->table;

    saver->len = 0;
    saver->head.count = 0;
    saver->head.size = 0;

    if (EVP_DigestInit_ex(saver->digest, EVP_sha256(), NULL) != 1) {
        return ngx_http_paylock_save_failed(saver, "EVP_DigestInit_ex()");
    }

    for (b = 0; b < table->sh->capacity; b++) {
        n = ngx_http_paylock_table_bucket(table, b, saver->records);

        for (i = 0; i < n; i++) {

            if (saver->len + PAYLOCK_STATE_RECORD > NGX_HTTP_PAYLOCK_SAVE_BUFFER
                && ngx_http_paylock_save_flush(saver) != NGX_OK)
            {
                return NGX_ERROR;
            }

            saver->len += paylock_state_record_write(&saver->records[i],
                                                   saver->buffer + saver->len);
        }

        saver->head.count += n;
    }

    return ngx_http_paylock_save_flush(saver);
}


static ngx_int_t
ngx_http_paylock_save_flush(ngx_http_paylock_saver_t *saver)
{
    if (EVP_DigestUpdate(saver->digest, saver->buffer, saver->len) != 1) {
        return ngx_http_paylock_save_failed(saver, "EVP_DigestUpdate()");
    }

    if (ngx_http_paylock_save_bytes(saver, saver->buffer, saver->len,
                                    PAYLOCK_STATE_HEADER + saver->head.size)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    saver->head.size += saver->len;
    saver->len = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_paylock_save_head(ngx_http_paylock_saver_t *saver)
{
    u_char                         data[PAYLOCK_STATE_HEADER];
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = saver->pmcf;

    ngx_memcpy(saver->head.secret, pmcf->table.sh->secret,
               PAYLOCK_STATE_SECRET);

    if (EVP_DigestFinal_ex(saver->digest, saver->head.digest, NULL) != 1
        || paylock_state_write(&saver->head, pmcf->file.key, data) != 0)
    {
        return ngx_http_paylock_save_failed(saver, "a digest");
    }

    return ngx_http_paylock_save_bytes(saver, data, sizeof(data), 0);
}


static ngx_int_t
ngx_http_paylock_save_bytes(ngx_http_paylock_saver_t *saver,
    const u_char *data, size_t len, off_t offset)
{
    size_t   put;
    ssize_t  n;

    for (put = 0; put < len; put += n) {
        n = pwrite(saver->fd, data + put, len - put, offset + put);

        if (n <= 0) {
            return ngx_http_paylock_save_failed(saver, "pwrite()");
        }
    }

    return NGX_OK;
}


/* Who looks at the file to replace it has its directory locked. */

static ngx_int_t
ngx_http_paylock_save_rename(ngx_http_paylock_saver_t *saver)
{
    ngx_fd_t    directory;
    ngx_int_t   rc;
    ngx_uint_t  tries;

    directory = open((char *) saver->pmcf->file.directory.data,
                     O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (directory == -1) {
        return ngx_http_paylock_save_failed(saver, "open() of its directory");
    }

    rc = NGX_BUSY;

    for (tries = 0; tries < 100; tries++) {

        /* where there are no locks what follows must do */

        if (flock(directory, LOCK_EX|LOCK_NB) == 0
            || ngx_errno != EWOULDBLOCK)
        {
            rc = ngx_http_paylock_save_replace(saver, directory);
            break;
        }

        ngx_msleep(10);
    }

    (void) close(directory);

    return rc;
}


static ngx_int_t
ngx_http_paylock_save_replace(ngx_http_paylock_saver_t *saver,
    ngx_fd_t directory)
{
    ngx_int_t                  rc;
    struct stat                own, there;
    ngx_http_paylock_file_t   *file;
    ngx_http_paylock_stamp_t   stamp;

    file = &saver->pmcf->file;

    if (fstat(saver->fd, &own) == -1) {
        return ngx_http_paylock_save_failed(saver, "fstat()");
    }

    /* another worker has taken over, or another binary's was faster */

    if (lstat((char *) file->temp.data, &there) == -1
        || there.st_ino != own.st_ino)
    {
        return NGX_BUSY;
    }

    ngx_http_paylock_state_look(file, &stamp);

    rc = saver->pmcf->node->lease == saver->held ? NGX_OK : NGX_BUSY;

    if (rc == NGX_OK
        && ngx_memcmp(&stamp, &saver->stamp, sizeof(stamp)) != 0
        && ngx_http_paylock_state_open(file, &saver->other) == NGX_OK)
    {
        ngx_free(saver->other.records);

        if (paylock_position_ahead(&saver->other.head.position,
                                   &saver->head.position))
        {
            rc = NGX_DECLINED;
        }
    }

    if (rc != NGX_OK) {
        (void) unlink((char *) file->temp.data);
        return rc;
    }

    if (rename((char *) file->temp.data, (char *) file->name.data) == -1) {
        rc = ngx_http_paylock_save_failed(saver, "rename()");
        (void) unlink((char *) file->temp.data);
        return rc;
    }

    ngx_http_paylock_state_stamp(file, &own, &saver->stamp);

    return fsync(directory) == 0
           ? NGX_OK
           : ngx_http_paylock_save_failed(saver, "fsync() of its directory");
}


static ngx_int_t
ngx_http_paylock_save_failed(ngx_http_paylock_saver_t *saver, const char *what)
{
    saver->err = ngx_errno;
    saver->failed = what;

    return NGX_ERROR;
}
