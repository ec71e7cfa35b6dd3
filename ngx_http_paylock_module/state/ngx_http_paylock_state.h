
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The state file: what is known, for the next start.
 */


#ifndef _NGX_HTTP_PAYLOCK_STATE_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_STATE_H_INCLUDED_


#include <openssl/evp.h>
#include <pthread.h>

#include "ngx_http_paylock_node.h"


/* a file that was read; "why" tells why it is none */

typedef struct {
    paylock_state_t              head;
    u_char                      *records;
    ngx_http_paylock_stamp_t     stamp;
    char                         why[NGX_MAX_ERROR_STR / 8];
} ngx_http_paylock_image_t;


/* ngx_http_paylock_state.c */

char *ngx_http_paylock_state(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * Before the zone: reads the key; NGX_ERROR if there is no memory.  After it:
 * makes one if there is none.
 */

ngx_int_t ngx_http_paylock_state_init(ngx_http_paylock_main_conf_t *pmcf,
    ngx_log_t *log);
void ngx_http_paylock_state_make(ngx_http_paylock_main_conf_t *pmcf,
    ngx_log_t *log);


/* ngx_http_paylock_state_read.c */

/*
 * NGX_OK: the file is ours and whole, and its records are to be freed.
 * NGX_DECLINED: there is none.  NGX_ERROR: see why.  Does not log.
 */

ngx_int_t ngx_http_paylock_state_open(const ngx_http_paylock_file_t *file,
    ngx_http_paylock_image_t *image);

/* Which file stands there?  Zero if none. */

void ngx_http_paylock_state_stamp(const ngx_http_paylock_file_t *file,
    const ngx_file_info_t *fi, ngx_http_paylock_stamp_t *stamp);
void ngx_http_paylock_state_look(const ngx_http_paylock_file_t *file,
    ngx_http_paylock_stamp_t *stamp);

/* Fills a table that has the secret of the file. */

ngx_int_t ngx_http_paylock_state_load(ngx_http_paylock_main_conf_t *pmcf,
    const ngx_http_paylock_image_t *image, ngx_log_t *log);

/* A worker that starts with a zone from before: is the file ahead of it? */

void ngx_http_paylock_state_refresh(ngx_http_paylock_main_conf_t *pmcf,
    ngx_log_t *log);


struct ngx_http_paylock_saver_s {
    ngx_http_paylock_main_conf_t    *pmcf;
    ngx_event_t                      event;
    ngx_atomic_uint_t                held;     /* the lease that allows it */
    ngx_msec_t                       started;
    ngx_msec_t                       next;     /* not before that */
    uint64_t                         changes;
    ngx_uint_t                       busy;     /* so often in a row */
    pthread_t                        thread;
    unsigned                         running:1;

    /* the thread's while it runs */

    ngx_http_paylock_stamp_t         stamp;    /* known before, made then */
    paylock_state_t                  head;
    ngx_http_paylock_image_t         other;
    ngx_fd_t                         fd;
    ngx_fd_t                         directory;
    EVP_MD_CTX                      *digest;
    u_char                          *buffer;
    size_t                           len;
    paylock_state_record_t          *records;

    ngx_int_t                        rc;
    ngx_err_t                        err;
    const char                      *failed;   /* what */
    ngx_atomic_t                     done;
};


/*
 * ngx_http_paylock_state_write.c: NGX_OK if the file was written, NGX_DECLINED
 * if the one that is there is ahead, NGX_BUSY if another process is at it or
 * the lease was lost, NGX_ERROR.
 */

void *ngx_http_paylock_save_thread(void *data);


/* ngx_http_paylock_saver.c */

ngx_int_t ngx_http_paylock_saver_init(ngx_cycle_t *cycle,
    ngx_http_paylock_main_conf_t *pmcf);
void ngx_http_paylock_saver_start(ngx_http_paylock_main_conf_t *pmcf,
    ngx_atomic_uint_t held);

/* Something has changed, it may be. */

void ngx_http_paylock_saver_touch(ngx_http_paylock_main_conf_t *pmcf);

/* Is there something that the file does not have? */

ngx_uint_t ngx_http_paylock_saver_due(ngx_http_paylock_main_conf_t *pmcf);

/* At the end: waits for what is under way; writes, with the lease held. */

void ngx_http_paylock_saver_wait(ngx_http_paylock_main_conf_t *pmcf);
void ngx_http_paylock_saver_last(ngx_http_paylock_main_conf_t *pmcf,
    ngx_atomic_uint_t held);


#endif /* _NGX_HTTP_PAYLOCK_STATE_H_INCLUDED_ */
