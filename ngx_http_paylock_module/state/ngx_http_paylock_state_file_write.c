
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Writes the state file, in a thread that must neither log nor use a pool.  The
 * table is read without a lock, as requests read it.  Records that change
 * meanwhile are newer than the position in the file, which does no harm: the
 * entries after the position are applied again.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <sys/file.h>

#include "ngx_http_paylock_state_file.h"


#define NGX_HTTP_PAYLOCK_STATE_BUFFER  65536


static ngx_int_t ngx_http_paylock_state_write(
    ngx_http_paylock_state_writer_t *writer);
static ngx_int_t ngx_http_paylock_state_write_file(
    ngx_http_paylock_state_writer_t *writer);
static ngx_int_t ngx_http_paylock_state_write_records(
    ngx_http_paylock_state_writer_t *writer);
static ngx_int_t ngx_http_paylock_state_write_flush(
    ngx_http_paylock_state_writer_t *writer);
static ngx_int_t ngx_http_paylock_state_write_head(
    ngx_http_paylock_state_writer_t *writer);
static ngx_int_t ngx_http_paylock_state_write_bytes(
    ngx_http_paylock_state_writer_t *writer, const u_char *data, size_t len,
    off_t offset);
static ngx_int_t ngx_http_paylock_state_write_locked(
    ngx_http_paylock_state_writer_t *writer,
    ngx_int_t (*handler)(ngx_http_paylock_state_writer_t *writer));
static ngx_int_t ngx_http_paylock_state_write_create(
    ngx_http_paylock_state_writer_t *writer);
static ngx_int_t ngx_http_paylock_state_write_replace(
    ngx_http_paylock_state_writer_t *writer);
static ngx_uint_t ngx_http_paylock_state_write_own(
    ngx_http_paylock_state_writer_t *writer);
static ngx_int_t ngx_http_paylock_state_write_failed(
    ngx_http_paylock_state_writer_t *writer, const char *what);


void *
ngx_http_paylock_state_write_thread(void *data)
{
    ngx_http_paylock_state_writer_t  *writer = data;

    writer->fd = -1;
    writer->directory = -1;
    writer->err = 0;
    writer->rc = ngx_http_paylock_state_write(writer);

    if (writer->fd != -1) {
        (void) close(writer->fd);
    }

    if (writer->directory != -1) {
        (void) close(writer->directory);
    }

    __atomic_store_n(&writer->done, 1, __ATOMIC_RELEASE);

    return NULL;
}


static ngx_int_t
ngx_http_paylock_state_write(ngx_http_paylock_state_writer_t *writer)
{
    ngx_int_t  rc;

    writer->digest = EVP_MD_CTX_new();
    writer->buffer = malloc(NGX_HTTP_PAYLOCK_STATE_BUFFER);
    writer->records = malloc(NGX_HTTP_PAYLOCK_STEPS
                             * sizeof(paylock_state_record_t));

    if (writer->digest == NULL || writer->buffer == NULL
        || writer->records == NULL)
    {
        rc = ngx_http_paylock_state_write_failed(writer, "malloc()");

    } else {
        rc = ngx_http_paylock_state_write_file(writer);
    }

    EVP_MD_CTX_free(writer->digest);
    free(writer->buffer);
    free(writer->records);

    return rc;
}


static ngx_int_t
ngx_http_paylock_state_write_file(ngx_http_paylock_state_writer_t *writer)
{
    ngx_int_t                       rc;
    ngx_http_paylock_state_file_t  *file;

    file = &writer->pmcf->state_file;

    writer->directory = open((char *) file->directory.data,
                             O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (writer->directory == -1) {
        return ngx_http_paylock_state_write_failed(writer,
                                                   "open() of its directory");
    }

    rc = ngx_http_paylock_state_write_locked(writer,
                                           ngx_http_paylock_state_write_create);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_paylock_state_write_records(writer);

    if (rc == NGX_OK) {
        rc = ngx_http_paylock_state_write_head(writer);
    }

    if (rc == NGX_OK && fsync(writer->fd) == -1) {
        rc = ngx_http_paylock_state_write_failed(writer, "fsync()");
    }

    if (rc == NGX_OK) {
        rc = ngx_http_paylock_state_write_locked(writer,
                                          ngx_http_paylock_state_write_replace);
    }

    if (rc != NGX_OK) {

        if (ngx_http_paylock_state_write_own(writer)) {
            (void) unlink((char *) file->temp.data);
        }

        return rc;
    }

    if (fsync(writer->directory) == -1) {
        return ngx_http_paylock_state_write_failed(writer,
                                                   "fsync() of its directory");
    }

    return NGX_OK;
}


/*
 * Calls the handler with the directory locked, so that another process neither
 * replaces the temporary file nor renames it before it is complete.
 */

static ngx_int_t
ngx_http_paylock_state_write_locked(ngx_http_paylock_state_writer_t *writer,
    ngx_int_t (*handler)(ngx_http_paylock_state_writer_t *writer))
{
    ngx_int_t   rc;
    ngx_uint_t  tries;

    for (tries = 0; tries < 100; tries++) {

        /* without locks in this file system go on: the checks below must do */

        if (flock(writer->directory, LOCK_EX|LOCK_NB) == 0
            || ngx_errno != EWOULDBLOCK)
        {
            rc = handler(writer);
            (void) flock(writer->directory, LOCK_UN);
            return rc;
        }

        ngx_msleep(10);
    }

    (void) ngx_http_paylock_state_write_failed(writer,
                                               "flock() of its directory");

    return NGX_BUSY;
}


static ngx_int_t
ngx_http_paylock_state_write_create(ngx_http_paylock_state_writer_t *writer)
{
    char  *temp;

    temp = (char *) writer->pmcf->state_file.temp.data;

    /* left by a killed worker, or being written by one of another binary */

    if (unlink(temp) == -1 && ngx_errno != NGX_ENOENT) {
        return ngx_http_paylock_state_write_failed(writer, "unlink()");
    }

    writer->fd = open(temp, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);

    return writer->fd == -1
           ? ngx_http_paylock_state_write_failed(writer, "open()") : NGX_OK;
}


static ngx_int_t
ngx_http_paylock_state_write_records(ngx_http_paylock_state_writer_t *writer)
{
    uint32_t                   b;
    ngx_uint_t                 i, n;
    ngx_http_paylock_table_t  *table;

    table = &writer->pmcf->table;

    writer->len = 0;
    writer->head.count = 0;
    writer->head.size = 0;

    if (EVP_DigestInit_ex(writer->digest, EVP_sha256(), NULL) != 1) {
        return ngx_http_paylock_state_write_failed(writer,
                                                   "EVP_DigestInit_ex()");
    }

    for (b = 0; b < table->sh->capacity; b++) {
        n = ngx_http_paylock_table_bucket(table, b, writer->records);

        for (i = 0; i < n; i++) {

            if (writer->len + PAYLOCK_STATE_RECORD
                > NGX_HTTP_PAYLOCK_STATE_BUFFER
                && ngx_http_paylock_state_write_flush(writer) != NGX_OK)
            {
                return NGX_ERROR;
            }

            writer->len += paylock_state_record_write(&writer->records[i],
                                                writer->buffer + writer->len);
        }

        writer->head.count += n;
    }

    return ngx_http_paylock_state_write_flush(writer);
}


static ngx_int_t
ngx_http_paylock_state_write_flush(ngx_http_paylock_state_writer_t *writer)
{
    if (EVP_DigestUpdate(writer->digest, writer->buffer, writer->len) != 1) {
        return ngx_http_paylock_state_write_failed(writer,
                                                   "EVP_DigestUpdate()");
    }

    if (ngx_http_paylock_state_write_bytes(writer, writer->buffer, writer->len,
                                           PAYLOCK_STATE_HEADER
                                           + writer->head.size)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    writer->head.size += writer->len;
    writer->len = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_paylock_state_write_head(ngx_http_paylock_state_writer_t *writer)
{
    u_char                         data[PAYLOCK_STATE_HEADER];
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = writer->pmcf;

    ngx_memcpy(writer->head.secret, pmcf->table.sh->secret,
               PAYLOCK_STATE_SECRET);

    if (EVP_DigestFinal_ex(writer->digest, writer->head.digest, NULL) != 1
        || paylock_state_write(&writer->head, pmcf->state_file.key, data) != 0)
    {
        return ngx_http_paylock_state_write_failed(writer, "a digest");
    }

    return ngx_http_paylock_state_write_bytes(writer, data, sizeof(data), 0);
}


static ngx_int_t
ngx_http_paylock_state_write_bytes(ngx_http_paylock_state_writer_t *writer,
    const u_char *data, size_t len, off_t offset)
{
    size_t   put;
    ssize_t  n;

    for (put = 0; put < len; put += n) {
        n = pwrite(writer->fd, data + put, len - put, offset + put);

        if (n <= 0) {
            return ngx_http_paylock_state_write_failed(writer, "pwrite()");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_paylock_state_write_replace(ngx_http_paylock_state_writer_t *writer)
{
    struct stat                     made;
    ngx_http_paylock_state_file_t  *file;
    ngx_http_paylock_stamp_t        stamp;

    file = &writer->pmcf->state_file;

    /* another worker took over, or one of another binary was faster */

    if (!ngx_http_paylock_state_write_own(writer)
        || writer->pmcf->node->lease != writer->lease)
    {
        (void) ngx_http_paylock_state_write_failed(writer,
                                                  "keeping its temporary file");
        return NGX_BUSY;
    }

    ngx_http_paylock_state_file_look(file, &stamp);

    if (ngx_memcmp(&stamp, &writer->stamp, sizeof(stamp)) != 0
        && ngx_http_paylock_state_file_open(file, &writer->other) == NGX_OK)
    {
        ngx_free(writer->other.records);

        if (paylock_position_ahead(&writer->other.head.position,
                                   &writer->head.position))
        {
            return NGX_DECLINED;
        }
    }

    if (fstat(writer->fd, &made) == -1) {
        return ngx_http_paylock_state_write_failed(writer, "fstat()");
    }

    if (rename((char *) file->temp.data, (char *) file->name.data) == -1) {
        return ngx_http_paylock_state_write_failed(writer, "rename()");
    }

    ngx_http_paylock_state_file_stamp(file, &made, &writer->stamp);

    return NGX_OK;
}


/* Is the temporary file still the one that was created here? */

static ngx_uint_t
ngx_http_paylock_state_write_own(ngx_http_paylock_state_writer_t *writer)
{
    struct stat  made, there;

    return fstat(writer->fd, &made) == 0
           && lstat((char *) writer->pmcf->state_file.temp.data, &there) == 0
           && there.st_ino == made.st_ino;
}


static ngx_int_t
ngx_http_paylock_state_write_failed(ngx_http_paylock_state_writer_t *writer,
    const char *what)
{
    writer->err = ngx_errno;
    writer->failed = what;

    return NGX_ERROR;
}
