
/*
 * Copyright (C) 2026 paylock contributors
 *
 * When the state file is written: after a change, by the worker that follows
 * Redis, in a thread, so that the event loop waits for nothing.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include "ngx_http_paylock_state.h"


/* milliseconds */

#define NGX_HTTP_PAYLOCK_SAVE_AFTER   100
#define NGX_HTTP_PAYLOCK_SAVE_PAUSE   1000
#define NGX_HTTP_PAYLOCK_SAVE_POLL    20
#define NGX_HTTP_PAYLOCK_SAVE_RETRY   10000

/* so often in a row another process may be at the file */

#define NGX_HTTP_PAYLOCK_SAVE_BUSY    5


static void ngx_http_paylock_saver_event(ngx_event_t *ev);
static void ngx_http_paylock_saver_begin(ngx_http_paylock_saver_t *saver);
static void ngx_http_paylock_saver_finish(ngx_http_paylock_saver_t *saver);
static void ngx_http_paylock_saver_done(ngx_http_paylock_saver_t *saver);


ngx_int_t
ngx_http_paylock_saver_init(ngx_cycle_t *cycle,
    ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_http_paylock_saver_t  *saver;

    if (pmcf->file.keyed != NGX_OK) {
        return NGX_OK;
    }

    saver = ngx_pcalloc(cycle->pool, sizeof(ngx_http_paylock_saver_t));
    if (saver == NULL) {
        return NGX_ERROR;
    }

    saver->pmcf = pmcf;
    saver->next = ngx_current_msec;

    saver->event.handler = ngx_http_paylock_saver_event;
    saver->event.data = saver;
    saver->event.log = cycle->log;
    saver->event.cancelable = 1;

    pmcf->saver = saver;

    return NGX_OK;
}


void
ngx_http_paylock_saver_start(ngx_http_paylock_main_conf_t *pmcf,
    ngx_atomic_uint_t held)
{
    ngx_http_paylock_stamp_t  stamp;

    if (pmcf->saver == NULL) {
        return;
    }

    pmcf->saver->held = held;

    /* it may be another file, or gone, or one for another key */

    ngx_http_paylock_state_look(&pmcf->file, &stamp);

    if (ngx_memcmp(&stamp, &pmcf->node->stamp, sizeof(stamp)) != 0) {
        pmcf->node->saved = pmcf->table.sh->changes - 1;
    }

    ngx_http_paylock_saver_touch(pmcf);
}


void
ngx_http_paylock_saver_touch(ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_event_t  *ev;

    if (ngx_http_paylock_saver_due(pmcf)) {
        ev = &pmcf->saver->event;

        if (!ev->timer_set) {
            ngx_add_timer(ev, NGX_HTTP_PAYLOCK_SAVE_AFTER);
        }
    }
}


ngx_uint_t
ngx_http_paylock_saver_due(ngx_http_paylock_main_conf_t *pmcf)
{
    return pmcf->saver
           && pmcf->node->synced
           && pmcf->node->saved != pmcf->table.sh->changes;
}


static void
ngx_http_paylock_saver_event(ngx_event_t *ev)
{
    ngx_msec_int_t             wait;
    ngx_http_paylock_saver_t  *saver;

    saver = ev->data;

    if (saver->running) {

        if (!saver->done) {
            ngx_add_timer(ev, NGX_HTTP_PAYLOCK_SAVE_POLL);
            return;
        }

        ngx_http_paylock_saver_finish(saver);
    }

    if (saver->held == 0
        || saver->pmcf->node->lease != saver->held
        || !ngx_http_paylock_saver_due(saver->pmcf))
    {
        return;
    }

    wait = (ngx_msec_int_t) (saver->next - ngx_current_msec);

    if (wait <= 0) {
        ngx_http_paylock_saver_begin(saver);
        wait = NGX_HTTP_PAYLOCK_SAVE_POLL;
    }

    ngx_add_timer(ev, wait);
}


static void
ngx_http_paylock_saver_begin(ngx_http_paylock_saver_t *saver)
{
    int                          err;
    sigset_t                     set, old;
    ngx_http_paylock_node_sh_t  *node;

    node = saver->pmcf->node;

    saver->started = ngx_current_msec;
    saver->changes = saver->pmcf->table.sh->changes;
    saver->stamp = node->stamp;
    saver->head.position = node->position;

    saver->done = 0;
    saver->running = 1;

    /* signals are the event loop's; beyond RLIMIT_FSIZE there is an error */

    sigfillset(&set);
    (void) pthread_sigmask(SIG_SETMASK, &set, &old);

    err = pthread_create(&saver->thread, NULL, ngx_http_paylock_save_thread,
                         saver);

    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);

    if (err) {
        saver->running = 0;
        saver->rc = NGX_ERROR;
        saver->err = err;
        saver->failed = "pthread_create()";

        ngx_http_paylock_saver_finish(saver);
    }
}


static void
ngx_http_paylock_saver_finish(ngx_http_paylock_saver_t *saver)
{
    ngx_msec_t  took;

    if (saver->running) {
        (void) pthread_join(saver->thread, NULL);
        saver->running = 0;
    }

    ngx_time_update();

    took = ngx_current_msec - saver->started;

    /* at most a tenth of the time */

    saver->next = ngx_current_msec
                  + ngx_max(NGX_HTTP_PAYLOCK_SAVE_PAUSE, took * 9);

    if (saver->pmcf->node->lease != saver->held) {
        return;
    }

    if (saver->rc != NGX_BUSY) {
        saver->busy = 0;

    } else if (++saver->busy < NGX_HTTP_PAYLOCK_SAVE_BUSY) {
        saver->next = ngx_current_msec + NGX_HTTP_PAYLOCK_SAVE_PAUSE;
        return;

    } else {
        saver->rc = NGX_ERROR;
    }

    ngx_http_paylock_saver_done(saver);
}


static void
ngx_http_paylock_saver_done(ngx_http_paylock_saver_t *saver)
{
    ngx_http_paylock_file_t     *file;
    ngx_http_paylock_node_sh_t  *node;

    node = saver->pmcf->node;
    file = &saver->pmcf->file;

    if (saver->rc == NGX_ERROR) {
        saver->next = ngx_current_msec + NGX_HTTP_PAYLOCK_SAVE_RETRY;

        if (!node->unsaved) {
            ngx_log_error(NGX_LOG_ALERT, saver->event.log, saver->err,
                          "paylock: %s failed, the state file \"%V\" cannot "
                          "be written: what changes from now on is lost if "
                          "nginx is started while Redis is down",
                          saver->failed, &file->name);
        }

        node->unsaved = 1;
        return;
    }

    if (saver->rc == NGX_OK) {
        node->stamp = saver->stamp;

        if (node->unsaved) {
            ngx_log_error(NGX_LOG_NOTICE, saver->event.log, 0,
                          "paylock: the state file \"%V\" is written again",
                          &file->name);
        }

        node->unsaved = 0;

    } else {
        ngx_log_error(NGX_LOG_INFO, saver->event.log, 0,
                      "paylock: the state file \"%V\" is of entry %uL and "
                      "ahead of what is known here: it stays", &file->name,
                      saver->other.head.position.seq);
    }

    node->saved = saver->changes;
}


void
ngx_http_paylock_saver_wait(ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_http_paylock_saver_t  *saver;

    saver = pmcf->saver;

    if (saver == NULL) {
        return;
    }

    if (saver->event.timer_set) {
        ngx_del_timer(&saver->event);
    }

    if (saver->running) {
        ngx_http_paylock_saver_finish(saver);
    }
}


void
ngx_http_paylock_saver_last(ngx_http_paylock_main_conf_t *pmcf,
    ngx_atomic_uint_t held)
{
    ngx_http_paylock_saver_t  *saver;

    saver = pmcf->saver;
    saver->held = held;
    saver->busy = 0;

    do {
        ngx_http_paylock_saver_begin(saver);

        if (saver->running) {
            ngx_http_paylock_saver_finish(saver);
        }

    } while (saver->rc == NGX_BUSY && pmcf->node->lease == held);
}
