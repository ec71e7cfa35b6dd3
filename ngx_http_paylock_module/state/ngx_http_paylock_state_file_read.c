
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads the state file: the master for a new zone, a worker that starts with an
 * old zone, and the writer before it replaces the file.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_state_file.h"


typedef ngx_int_t (*ngx_http_paylock_record_pt)(
    ngx_http_paylock_table_t *table, const paylock_state_record_t *record);


static ngx_int_t ngx_http_paylock_state_file_verify(
    const ngx_http_paylock_state_file_t *file, ngx_fd_t fd,
    ngx_http_paylock_state_image_t *image);
static ngx_int_t ngx_http_paylock_state_file_bytes(ngx_fd_t fd, u_char *data,
    size_t len);
static ngx_int_t ngx_http_paylock_state_file_records(
    ngx_http_paylock_table_t  *table,
    const ngx_http_paylock_state_image_t *image);
static ngx_int_t ngx_http_paylock_state_file_each(
    ngx_http_paylock_table_t *table,
    const ngx_http_paylock_state_image_t  *image,
    ngx_http_paylock_record_pt handler);
static ngx_uint_t ngx_http_paylock_state_file_ahead(
    ngx_http_paylock_main_conf_t  *pmcf,
    const ngx_http_paylock_state_image_t *image);
static ngx_int_t ngx_http_paylock_state_file_lock(
    ngx_http_paylock_main_conf_t *pmcf);


ngx_int_t
ngx_http_paylock_state_file_open(const ngx_http_paylock_state_file_t *file,
    ngx_http_paylock_state_image_t *image)
{
    ngx_fd_t   fd;
    ngx_err_t  err;
    ngx_int_t  rc;

    image->records = NULL;

    /* do not block on a FIFO */

    fd = open((char *) file->name.data,
              O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        err = ngx_errno;

        if (err == NGX_ENOENT || err == NGX_ENOTDIR) {
            return NGX_DECLINED;
        }

        (void) ngx_snprintf((u_char *) image->why, sizeof(image->why), "%s%Z",
                            err == NGX_ELOOP ? "is a symbolic link"
                                             : "cannot be opened");
        ngx_set_errno(err);
        return NGX_ERROR;
    }

    rc = ngx_http_paylock_state_file_verify(file, fd, image);

    (void) close(fd);

    if (rc != NGX_OK) {
        ngx_free(image->records);
        image->records = NULL;
        ngx_set_errno(0);
    }

    return rc;
}


static ngx_int_t
ngx_http_paylock_state_file_verify(const ngx_http_paylock_state_file_t *file,
    ngx_fd_t fd, ngx_http_paylock_state_image_t *image)
{
    ssize_t           n;
    u_char            head[PAYLOCK_STATE_HEADER];
    const char       *why;
    ngx_file_info_t   fi;

    why = "cannot be read";

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        goto failed;
    }

    if (!ngx_is_file(&fi)) {
        why = "is no regular file";
        goto failed;
    }

    if (fi.st_uid != file->user && fi.st_uid != geteuid()) {
        why = "is owned neither by the workers' user nor by the user who "
              "starts nginx";
        goto failed;
    }

    if (file->keyed != NGX_OK) {
        why = "cannot be verified without its key";
        goto failed;
    }

    n = ngx_http_paylock_state_file_bytes(fd, head, sizeof(head));

    if (n == -1) {
        goto failed;
    }

    why = paylock_state_read(head, n, file->key, &image->head);

    if (why) {
        goto failed;
    }

    if (image->head.size != (uint64_t) fi.st_size - sizeof(head)) {
        why = "is not as long as it was made";
        goto failed;
    }

    image->records = malloc(image->head.size + 1);

    if (image->records == NULL) {
        why = "needs more memory than there is";
        goto failed;
    }

    n = ngx_http_paylock_state_file_bytes(fd, image->records, image->head.size);

    if (n == -1 || !paylock_state_intact(&image->head, image->records, n)) {
        why = "holds records that were changed";
        goto failed;
    }

    ngx_http_paylock_state_file_stamp(file, &fi, &image->stamp);

    return NGX_OK;

failed:

    (void) ngx_snprintf((u_char *) image->why, sizeof(image->why), "%s%Z", why);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_paylock_state_file_bytes(ngx_fd_t fd, u_char *data, size_t len)
{
    size_t   got;
    ssize_t  n;

    for (got = 0; got < len; got += n) {
        n = read(fd, data + got, len - got);

        if (n == -1 && ngx_errno == NGX_EINTR) {
            n = 0;
            continue;
        }

        if (n == -1) {
            return NGX_ERROR;
        }

        if (n == 0) {
            break;
        }
    }

    return got;
}


/* Files are replaced, never written to: the stamp identifies the contents. */

void
ngx_http_paylock_state_file_stamp(const ngx_http_paylock_state_file_t *file,
    const ngx_file_info_t *fi, ngx_http_paylock_stamp_t *stamp)
{
    ngx_memzero(stamp, sizeof(ngx_http_paylock_stamp_t));

    stamp->device = fi->st_dev;
    stamp->inode = fi->st_ino;
    stamp->size = fi->st_size;
    stamp->sec = fi->st_mtim.tv_sec;
    stamp->nsec = fi->st_mtim.tv_nsec;

    ngx_memcpy(stamp->key, file->key, sizeof(stamp->key));
}


void
ngx_http_paylock_state_file_look(const ngx_http_paylock_state_file_t *file,
    ngx_http_paylock_stamp_t *stamp)
{
    ngx_file_info_t  fi;

    ngx_memzero(stamp, sizeof(ngx_http_paylock_stamp_t));

    if (lstat((char *) file->name.data, &fi) == 0) {
        ngx_http_paylock_state_file_stamp(file, &fi, stamp);
    }
}


ngx_int_t
ngx_http_paylock_state_file_load(ngx_http_paylock_main_conf_t *pmcf,
    const ngx_http_paylock_state_image_t *image, ngx_log_t *log)
{
    ngx_int_t                    rc;
    ngx_http_paylock_table_t    *table;
    ngx_http_paylock_node_sh_t  *node;

    node = pmcf->node;
    table = &pmcf->table;

    if (image->head.count > table->sh->capacity) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "\"paylock_zone\" would hold at most %uD of the %uD "
                      "records in \"%V\": raise it", table->sh->capacity,
                      image->head.count, &pmcf->state_file.name);
        return NGX_ERROR;
    }

    rc = ngx_http_paylock_table_begin(table);

    if (rc == NGX_OK) {
        rc = ngx_http_paylock_state_file_records(table, image);
        ngx_http_paylock_table_end(table);
    }

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, log, 0,
                      "paylock: the records in \"%V\" could not be taken over",
                      &pmcf->state_file.name);
        return rc;
    }

    if (!node->synced) {
        node->state = NGX_HTTP_PAYLOCK_NODE_DISK;
        node->answered = ngx_current_msec;
        node->synced = 1;
    }

    node->cursor = image->head.position;
    node->position = image->head.position;
    ngx_memcpy(node->root, image->head.root, PAYLOCK_HASH_LEN);
    ngx_memcpy(node->trust, image->head.trust, PAYLOCK_STATE_TRUST);
    node->stamp = image->stamp;
    node->saved = table->sh->changes;

    if (!ngx_test_config) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "paylock: %uD records, entry %uL, from \"%V\"",
                      table->sh->count, node->cursor.seq,
                      &pmcf->state_file.name);
    }

    return NGX_OK;
}


/*
 * Requests may be judged meanwhile, so that the records are noted and swept as
 * those of a scan are.  If the table was full, that is repeated with the slots
 * that the sweep has freed.  Setting them at last adds which hosts are held.
 */

static ngx_int_t
ngx_http_paylock_state_file_records(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_state_image_t *image)
{
    ngx_http_paylock_sweep_t  sweep;

    sweep.changed = table->sh->count;

    while (sweep.changed) {
        ngx_http_paylock_table_scan(table);

        if (ngx_http_paylock_state_file_each(table, image,
                                             ngx_http_paylock_table_note_saved)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_memzero(&sweep, sizeof(ngx_http_paylock_sweep_t));
        sweep.now = ngx_time();

        (void) ngx_http_paylock_table_look(table, &sweep, table->sh->capacity);
        (void) ngx_http_paylock_table_sweep(table, &sweep,
                                            table->sh->capacity);
    }

    return ngx_http_paylock_state_file_each(table, image,
                                            ngx_http_paylock_table_set_saved);
}


static ngx_int_t
ngx_http_paylock_state_file_each(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_state_image_t *image,
    ngx_http_paylock_record_pt handler)
{
    size_t                   n, len;
    ngx_int_t                rc;
    const u_char            *p;
    paylock_state_record_t   record;

    p = image->records;
    len = image->head.size;

    for (rc = NGX_OK; rc == NGX_OK && len; p += n, len -= n) {
        n = paylock_state_record_read(p, len, &record);

        rc = n ? handler(table, &record) : NGX_ERROR;
    }

    return rc;
}


/*
 * When an upgrade of the binary is backed out, the old workers' zone is out of
 * date, and the file may be ahead of it.
 */

void
ngx_http_paylock_state_file_refresh(ngx_http_paylock_main_conf_t *pmcf,
    ngx_log_t *log)
{
    ngx_http_paylock_state_image_t  image;

    if (pmcf->state_file.keyed != NGX_OK
        || !ngx_http_paylock_state_file_ahead(pmcf, NULL)
        || ngx_http_paylock_state_file_open(&pmcf->state_file, &image)
           != NGX_OK)
    {
        return;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, log, 0,
                   "paylock state: \"%V\" holds entry %uL",
                   &pmcf->state_file.name, image.head.position.seq);

    if (ngx_http_paylock_state_file_ahead(pmcf, &image)
        && ngx_http_paylock_state_file_lock(pmcf) == NGX_OK)
    {
        if (ngx_http_paylock_state_file_ahead(pmcf, &image)) {
            (void) ngx_http_paylock_state_file_load(pmcf, &image, log);
        }

        ngx_shmtx_unlock(&pmcf->shpool->mutex);
    }

    ngx_free(image.records);
}


/* Only if no worker follows Redis: that one would know better. */

static ngx_uint_t
ngx_http_paylock_state_file_ahead(ngx_http_paylock_main_conf_t *pmcf,
    const ngx_http_paylock_state_image_t *image)
{
    ngx_http_paylock_node_sh_t  *node;
    ngx_http_paylock_stamp_t     stamp;

    node = pmcf->node;

    if (!ngx_http_paylock_lease_is_free(node)) {
        return 0;
    }

    if (image == NULL) {
        ngx_http_paylock_state_file_look(&pmcf->state_file, &stamp);

        return ngx_memcmp(&stamp, &node->stamp, sizeof(stamp)) != 0;
    }

    return ngx_memcmp(image->head.secret, pmcf->table.sh->secret,
                      PAYLOCK_STATE_SECRET)
           == 0
           && (!node->synced
               || paylock_position_ahead(&image->head.position,
                                         &node->position));
}


static ngx_int_t
ngx_http_paylock_state_file_lock(ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_uint_t  tries;

    for (tries = 0; tries < 1000; tries++) {

        if (ngx_shmtx_trylock(&pmcf->shpool->mutex)) {
            return NGX_OK;
        }

        ngx_msleep(1);
    }

    return NGX_BUSY;
}
