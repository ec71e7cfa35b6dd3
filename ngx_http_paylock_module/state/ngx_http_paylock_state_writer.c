
/*
 * Copyright (C) 2026 paylock contributors
 *
 * When the state file is written: soon after a change, by the worker that
 * follows Redis, in a thread, as fsync() would block the event loop.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include "ngx_http_paylock_state_file.h"


/* milliseconds */

#define NGX_HTTP_PAYLOCK_STATE_WRITE_AFTER   100
#define NGX_HTTP_PAYLOCK_STATE_WRITE_PAUSE   1000
#define NGX_HTTP_PAYLOCK_STATE_WRITE_POLL    20
#define NGX_HTTP_PAYLOCK_STATE_WRITE_RETRY   10000

/* attempts, while another process writes the file, before it is an error */

#define NGX_HTTP_PAYLOCK_STATE_WRITE_BUSY    5


static void ngx_http_paylock_state_writer_event(ngx_event_t *ev);
static void ngx_http_paylock_state_writer_begin(
    ngx_http_paylock_state_writer_t *writer);
static void ngx_http_paylock_state_writer_finish(
    ngx_http_paylock_state_writer_t *writer);
static void ngx_http_paylock_state_writer_done(
    ngx_http_paylock_state_writer_t *writer);


ngx_int_t
ngx_http_paylock_state_writer_init(ngx_cycle_t *cycle,
    ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_http_paylock_state_writer_t  *writer;

    if (pmcf->state_file.keyed != NGX_OK) {
        return NGX_OK;
    }

    writer = ngx_pcalloc(cycle->pool, sizeof(ngx_http_paylock_state_writer_t));
    if (writer == NULL) {
        return NGX_ERROR;
    }

    writer->pmcf = pmcf;
    writer->next = ngx_current_msec;

    writer->event.handler = ngx_http_paylock_state_writer_event;
    writer->event.data = writer;
    writer->event.log = cycle->log;
    writer->event.cancelable = 1;

    pmcf->state_writer = writer;

    return NGX_OK;
}


void
ngx_http_paylock_state_writer_start(ngx_http_paylock_main_conf_t *pmcf,
    ngx_atomic_uint_t lease)
{
    ngx_http_paylock_stamp_t  stamp;

    if (pmcf->state_writer == NULL) {
        return;
    }

    pmcf->state_writer->lease = lease;

    /* the file was replaced or removed, or is signed with another key */

    ngx_http_paylock_state_file_look(&pmcf->state_file, &stamp);

    if (ngx_memcmp(&stamp, &pmcf->node->stamp, sizeof(stamp)) != 0) {
        pmcf->node->saved = pmcf->table.sh->changes - 1;
    }

    ngx_http_paylock_state_writer_touch(pmcf);
}


void
ngx_http_paylock_state_writer_touch(ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_event_t  *ev;

    if (ngx_http_paylock_state_writer_due(pmcf)) {
        ev = &pmcf->state_writer->event;

        if (!ev->timer_set) {
            ngx_add_timer(ev, NGX_HTTP_PAYLOCK_STATE_WRITE_AFTER);
        }
    }
}


ngx_uint_t
ngx_http_paylock_state_writer_due(ngx_http_paylock_main_conf_t *pmcf)
{
    return pmcf->state_writer
           && pmcf->node->synced
           && pmcf->node->saved != pmcf->table.sh->changes;
}


static void
ngx_http_paylock_state_writer_event(ngx_event_t *ev)
{
    ngx_msec_int_t                    wait;
    ngx_http_paylock_state_writer_t  *writer;

    writer = ev->data;

    if (writer->running) {

        if (!writer->done) {
            ngx_add_timer(ev, NGX_HTTP_PAYLOCK_STATE_WRITE_POLL);
            return;
        }

        ngx_http_paylock_state_writer_finish(writer);
    }

    if (writer->lease == 0
        || writer->pmcf->node->lease != writer->lease
        || !ngx_http_paylock_state_writer_due(writer->pmcf))
    {
        return;
    }

    wait = (ngx_msec_int_t) (writer->next - ngx_current_msec);

    if (wait <= 0) {
        ngx_http_paylock_state_writer_begin(writer);
        wait = NGX_HTTP_PAYLOCK_STATE_WRITE_POLL;
    }

    ngx_add_timer(ev, wait);
}


static void
ngx_http_paylock_state_writer_begin(ngx_http_paylock_state_writer_t *writer)
{
    int                          err;
    sigset_t                     set, old;
    ngx_http_paylock_node_sh_t  *node;

    node = writer->pmcf->node;

    writer->started = ngx_current_msec;
    writer->changes = writer->pmcf->table.sh->changes;
    writer->stamp = node->stamp;
    writer->head.position = node->position;
    ngx_memcpy(writer->head.root, node->root, PAYLOCK_HASH_LEN);
    ngx_memcpy(writer->head.trust, node->trust, PAYLOCK_STATE_TRUST);

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, writer->event.log, 0,
                   "paylock state: write entry %uL to \"%V\"",
                   writer->head.position.seq, &writer->pmcf->state_file.name);

    writer->done = 0;
    writer->running = 1;

    /* leave signals to the main thread; blocked, SIGXFSZ becomes EFBIG */

    sigfillset(&set);
    (void) pthread_sigmask(SIG_SETMASK, &set, &old);

    err = pthread_create(&writer->thread, NULL,
                         ngx_http_paylock_state_write_thread, writer);

    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);

    if (err) {
        writer->running = 0;
        writer->rc = NGX_ERROR;
        writer->err = err;
        writer->failed = "pthread_create()";

        ngx_http_paylock_state_writer_finish(writer);
    }
}


static void
ngx_http_paylock_state_writer_finish(ngx_http_paylock_state_writer_t *writer)
{
    ngx_msec_t  took;

    if (writer->running) {
        (void) pthread_join(writer->thread, NULL);
        writer->running = 0;
    }

    ngx_time_update();

    took = ngx_current_msec - writer->started;

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, writer->event.log, 0,
                   "paylock state: written: %i, %uD records, %M ms",
                   writer->rc, writer->head.count, took);

    /* write for a tenth of the time at most */

    writer->next = ngx_current_msec
                  + ngx_max(NGX_HTTP_PAYLOCK_STATE_WRITE_PAUSE, took * 9);

    if (writer->pmcf->node->lease != writer->lease) {
        return;
    }

    if (writer->rc != NGX_BUSY) {
        writer->busy = 0;

    } else if (++writer->busy < NGX_HTTP_PAYLOCK_STATE_WRITE_BUSY) {
        writer->next = ngx_current_msec + NGX_HTTP_PAYLOCK_STATE_WRITE_PAUSE;
        return;

    } else {
        writer->rc = NGX_ERROR;
    }

    ngx_http_paylock_state_writer_done(writer);
}


static void
ngx_http_paylock_state_writer_done(ngx_http_paylock_state_writer_t *writer)
{
    ngx_http_paylock_state_file_t  *file;
    ngx_http_paylock_node_sh_t     *node;

    node = writer->pmcf->node;
    file = &writer->pmcf->state_file;

    if (writer->rc == NGX_ERROR) {
        writer->next = ngx_current_msec + NGX_HTTP_PAYLOCK_STATE_WRITE_RETRY;

        if (!node->unsaved) {
            ngx_log_error(NGX_LOG_ALERT, writer->event.log, writer->err,
                          "paylock: %s failed, the state file \"%V\" cannot "
                          "be written: what changes from now on is lost if "
                          "nginx is started while Redis is down",
                          writer->failed, &file->name);
        }

        node->unsaved = 1;
        return;
    }

    if (writer->rc == NGX_OK) {
        node->stamp = writer->stamp;

        if (node->unsaved) {
            ngx_log_error(NGX_LOG_NOTICE, writer->event.log, 0,
                          "paylock: the state file \"%V\" is written again",
                          &file->name);
        }

        node->unsaved = 0;

    } else {
        ngx_log_error(NGX_LOG_INFO, writer->event.log, 0,
                      "paylock: the state file \"%V\" is of entry %uL and "
                      "ahead of what is known here: it stays", &file->name,
                      writer->other.head.position.seq);
    }

    node->saved = writer->changes;
}


void
ngx_http_paylock_state_writer_wait(ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_http_paylock_state_writer_t  *writer;

    writer = pmcf->state_writer;

    if (writer == NULL) {
        return;
    }

    if (writer->event.timer_set) {
        ngx_del_timer(&writer->event);
    }

    if (writer->running) {
        ngx_http_paylock_state_writer_finish(writer);
    }
}


void
ngx_http_paylock_state_writer_last(ngx_http_paylock_main_conf_t *pmcf,
    ngx_atomic_uint_t lease)
{
    ngx_http_paylock_state_writer_t  *writer;

    writer = pmcf->state_writer;
    writer->lease = lease;
    writer->busy = 0;

    do {
        ngx_http_paylock_state_writer_begin(writer);

        if (writer->running) {
            ngx_http_paylock_state_writer_finish(writer);
        }

    } while (writer->rc == NGX_BUSY && pmcf->node->lease == lease);
}
