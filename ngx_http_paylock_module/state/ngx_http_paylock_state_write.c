
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
static ngx_int_t ngx_http_paylock_save_locked(ngx_http_paylock_saver_t *saver,
    ngx_int_t (*handler)(ngx_http_paylock_saver_t *saver));
static ngx_int_t ngx_http_paylock_save_create(ngx_http_paylock_saver_t *saver);
static ngx_int_t ngx_http_paylock_save_replace(
    ngx_http_paylock_saver_t *saver);
static ngx_uint_t ngx_http_paylock_save_own(ngx_http_paylock_saver_t *saver);
static ngx_int_t ngx_http_paylock_save_failed(ngx_http_paylock_saver_t *saver,
    const char *what);


void *
ngx_http_paylock_save_thread(void *data)
{
    ngx_http_paylock_saver_t  *saver = data;

    saver->fd = -1;
    saver->directory = -1;
    saver->err = 0;
    saver->rc = ngx_http_paylock_save(saver);

    if (saver->fd != -1) {
        (void) close(saver->fd);
    }

    if (saver->directory != -1) {
        (void) close(saver->directory);
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
    ngx_int_t                 rc;
    ngx_http_paylock_file_t  *file;

    file = &saver->pmcf->file;

    saver->directory = open((char *) file->directory.data,
                            O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (saver->directory == -1) {
        return ngx_http_paylock_save_failed(saver, "open() of its directory");
    }

    rc = ngx_http_paylock_save_locked(saver, ngx_http_paylock_save_create);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_paylock_save_records(saver);

    if (rc == NGX_OK) {
        rc = ngx_http_paylock_save_head(saver);
    }

    if (rc == NGX_OK && fsync(saver->fd) == -1) {
        rc = ngx_http_paylock_save_failed(saver, "fsync()");
    }

    if (rc == NGX_OK) {
        rc = ngx_http_paylock_save_locked(saver, ngx_http_paylock_save_replace);
    }

    if (rc != NGX_OK) {

        if (ngx_http_paylock_save_own(saver)) {
            (void) unlink((char *) file->temp.data);
        }

        return rc;
    }

    return fsync(saver->directory) == 0
           ? NGX_OK
           : ngx_http_paylock_save_failed(saver, "fsync() of its directory");
}


/*
 * Who makes the temporary file has its directory locked, and who looks at the
 * files to replace the one by the other: no one's half is taken for a whole.
 */

static ngx_int_t
ngx_http_paylock_save_locked(ngx_http_paylock_saver_t *saver,
    ngx_int_t (*handler)(ngx_http_paylock_saver_t *saver))
{
    ngx_int_t   rc;
    ngx_uint_t  tries;

    for (tries = 0; tries < 100; tries++) {

        /* where there are no locks what follows must do */

        if (flock(saver->directory, LOCK_EX|LOCK_NB) == 0
            || ngx_errno != EWOULDBLOCK)
        {
            rc = handler(saver);
            (void) flock(saver->directory, LOCK_UN);
            return rc;
        }

        ngx_msleep(10);
    }

    (void) ngx_http_paylock_save_failed(saver, "flock() of its directory");

    return NGX_BUSY;
}


static ngx_int_t
ngx_http_paylock_save_create(ngx_http_paylock_saver_t *saver)
{
    char  *temp;

    temp = (char *) saver->pmcf->file.temp.data;

    /* what a killed worker has left, or one of another binary is writing */

    if (unlink(temp) == -1 && ngx_errno != NGX_ENOENT) {
        return ngx_http_paylock_save_failed(saver, "unlink()");
    }

    saver->fd = open(temp, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);

    return saver->fd != -1 ? NGX_OK
                           : ngx_http_paylock_save_failed(saver, "open()");
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


static ngx_int_t
ngx_http_paylock_save_replace(ngx_http_paylock_saver_t *saver)
{
    struct stat                own;
    ngx_http_paylock_file_t   *file;
    ngx_http_paylock_stamp_t   stamp;

    file = &saver->pmcf->file;

    /* another worker has taken over, or another binary's was faster */

    if (!ngx_http_paylock_save_own(saver)
        || saver->pmcf->node->lease != saver->held)
    {
        (void) ngx_http_paylock_save_failed(saver,
                                            "keeping its temporary file");
        return NGX_BUSY;
    }

    ngx_http_paylock_state_look(file, &stamp);

    if (ngx_memcmp(&stamp, &saver->stamp, sizeof(stamp)) != 0
        && ngx_http_paylock_state_open(file, &saver->other) == NGX_OK)
    {
        ngx_free(saver->other.records);

        if (paylock_position_ahead(&saver->other.head.position,
                                   &saver->head.position))
        {
            return NGX_DECLINED;
        }
    }

    if (fstat(saver->fd, &own) == -1) {
        return ngx_http_paylock_save_failed(saver, "fstat()");
    }

    if (rename((char *) file->temp.data, (char *) file->name.data) == -1) {
        return ngx_http_paylock_save_failed(saver, "rename()");
    }

    ngx_http_paylock_state_stamp(file, &own, &saver->stamp);

    return NGX_OK;
}


/* Is what stands there what was made here? */

static ngx_uint_t
ngx_http_paylock_save_own(ngx_http_paylock_saver_t *saver)
{
    struct stat  own, there;

    return fstat(saver->fd, &own) == 0
           && lstat((char *) saver->pmcf->file.temp.data, &there) == 0
           && there.st_ino == own.st_ino;
}


static ngx_int_t
ngx_http_paylock_save_failed(ngx_http_paylock_saver_t *saver, const char *what)
{
    saver->err = ngx_errno;
    saver->failed = what;

    return NGX_ERROR;
}
