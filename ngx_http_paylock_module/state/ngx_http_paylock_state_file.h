
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The state file: the records and the position in the chain, for the next
 * start.  libpaylock's paylock_state.h describes the format.
 */


#ifndef _NGX_HTTP_PAYLOCK_STATE_FILE_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_STATE_FILE_H_INCLUDED_


#include <openssl/evp.h>
#include <pthread.h>

#include "ngx_http_paylock_node.h"


/* a file that was read; why: what is wrong with it */

typedef struct {
    paylock_state_t                   head;
    u_char                           *records;
    ngx_http_paylock_stamp_t          stamp;
    char                              why[NGX_MAX_ERROR_STR / 8];
} ngx_http_paylock_state_image_t;


struct ngx_http_paylock_state_writer_s {
    ngx_http_paylock_main_conf_t     *pmcf;
    ngx_event_t                       event;
    ngx_atomic_uint_t                 lease;   /* that allows it, or 0 */
    ngx_msec_t                        started;
    ngx_msec_t                        next;    /* not before that time */
    uint64_t                          changes; /* of the table, then */
    ngx_uint_t                        busy;    /* NGX_BUSY so often in a row */
    pthread_t                         thread;
    unsigned                          running:1;

    /* used by the thread alone while it runs */

    ngx_http_paylock_stamp_t          stamp;   /* of the last file seen; then
                                                  of the one written */
    paylock_state_t                   head;
    ngx_http_paylock_state_image_t    other;   /* the file that is there */
    ngx_fd_t                          fd;
    ngx_fd_t                          directory;
    EVP_MD_CTX                       *digest;
    u_char                           *buffer;
    size_t                            len;
    paylock_state_record_t           *records;

    ngx_int_t                         rc;
    ngx_err_t                         err;
    const char                       *failed;  /* which call */
    ngx_atomic_t                      done;
};


/* ngx_http_paylock_state_file.c: paylock_state, the names and the key */

char *ngx_http_paylock_state_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Names the files and reads the key, if there is one; NGX_ERROR if there is no
 * memory.  To be called before the zone is filled.
 */

ngx_int_t ngx_http_paylock_state_file_init(ngx_http_paylock_main_conf_t *pmcf,
    ngx_log_t *log);

/* Makes the directory and the key, once the configuration is in force. */

void ngx_http_paylock_state_file_make(ngx_http_paylock_main_conf_t *pmcf,
    ngx_log_t *log);


/* ngx_http_paylock_state_file_read.c */

/*
 * NGX_OK: the file is complete and signed with our key; the caller frees
 * image->records with ngx_free().  NGX_DECLINED: there is no file.  NGX_ERROR:
 * it cannot be used, see image->why and errno.  Does not log.
 */

ngx_int_t ngx_http_paylock_state_file_open(
    const ngx_http_paylock_state_file_t *file,
    ngx_http_paylock_state_image_t *image);

/* Identifies a file; look() the one that is there now, all zero if none. */

void ngx_http_paylock_state_file_stamp(
    const ngx_http_paylock_state_file_t *file, const ngx_file_info_t *fi,
    ngx_http_paylock_stamp_t *stamp);
void ngx_http_paylock_state_file_look(
    const ngx_http_paylock_state_file_t *file,
    ngx_http_paylock_stamp_t *stamp);

/* Puts the records into the table, whose secret must be the file's. */

ngx_int_t ngx_http_paylock_state_file_load(ngx_http_paylock_main_conf_t *pmcf,
    const ngx_http_paylock_state_image_t *image, ngx_log_t *log);

/*
 * Called by a worker when it starts: loads the file if it is ahead of a zone
 * that nobody feeds.
 */

void ngx_http_paylock_state_file_refresh(ngx_http_paylock_main_conf_t *pmcf,
    ngx_log_t *log);


/*
 * ngx_http_paylock_state_file_write.c: writes the file; writer->rc is NGX_OK,
 * NGX_DECLINED if the file that is there is ahead, NGX_BUSY if another process
 * is writing it or the lease was lost, or NGX_ERROR.
 */

void *ngx_http_paylock_state_write_thread(void *data);


/* ngx_http_paylock_state_writer.c: when the file is written */

ngx_int_t ngx_http_paylock_state_writer_init(ngx_cycle_t *cycle,
    ngx_http_paylock_main_conf_t *pmcf);
void ngx_http_paylock_state_writer_start(ngx_http_paylock_main_conf_t *pmcf,
    ngx_atomic_uint_t lease);

/* Writes it soon, if the table has changed. */

void ngx_http_paylock_state_writer_touch(ngx_http_paylock_main_conf_t *pmcf);

/* Does the table hold changes that the file does not? */

ngx_uint_t ngx_http_paylock_state_writer_due(
    ngx_http_paylock_main_conf_t *pmcf);

/* For a worker that exits: waits for the thread; writes without delay. */

void ngx_http_paylock_state_writer_wait(ngx_http_paylock_main_conf_t *pmcf);
void ngx_http_paylock_state_writer_last(ngx_http_paylock_main_conf_t *pmcf,
    ngx_atomic_uint_t lease);


#endif /* _NGX_HTTP_PAYLOCK_STATE_FILE_H_INCLUDED_ */
