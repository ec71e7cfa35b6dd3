
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The lease: which of the workers runs the feed.  Any may take it when it is
 * free, when its owner is gone, or when the owner has not renewed it.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"


#define NGX_HTTP_PAYLOCK_LEASE_TICK  500
#define NGX_HTTP_PAYLOCK_LEASE_TIME  1500


struct ngx_http_paylock_lease_s {
    ngx_http_paylock_main_conf_t  *pmcf;
    ngx_event_t                    tick;
    ngx_http_paylock_feed_t        feed;
};


static void ngx_http_paylock_lease_tick(ngx_event_t *ev);
static ngx_uint_t ngx_http_paylock_lease_lapsed(
    ngx_http_paylock_node_sh_t *node, ngx_atomic_uint_t held);
static void ngx_http_paylock_lease_take(ngx_http_paylock_lease_t *lease,
    ngx_atomic_uint_t old);
static void ngx_http_paylock_lease_leave(void *data);


ngx_int_t
ngx_http_paylock_lease_start(ngx_cycle_t *cycle,
    ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_http_paylock_lease_t  *lease;

    lease = ngx_pcalloc(cycle->pool, sizeof(ngx_http_paylock_lease_t));
    if (lease == NULL) {
        return NGX_ERROR;
    }

    pmcf->lease = lease;

    lease->pmcf = pmcf;

    lease->tick.handler = ngx_http_paylock_lease_tick;
    lease->tick.data = lease;
    lease->tick.log = cycle->log;
    lease->tick.cancelable = 1;

    lease->feed.pmcf = pmcf;
    lease->feed.log = cycle->log;
    lease->feed.data = lease;
    lease->feed.leave = ngx_http_paylock_lease_leave;

    ngx_add_timer(&lease->tick, 1);

    return NGX_OK;
}


void
ngx_http_paylock_lease_stop(ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_http_paylock_lease_t  *lease;

    lease = pmcf->lease;

    if (lease->tick.timer_set) {
        ngx_del_timer(&lease->tick);
    }

    if (lease->feed.held) {
        ngx_http_paylock_feed_stop(&lease->feed);
        (void) ngx_atomic_cmp_set(&pmcf->node->lease, lease->feed.held, 0);
        lease->feed.held = 0;
    }
}


static void
ngx_http_paylock_lease_tick(ngx_event_t *ev)
{
    ngx_atomic_uint_t            held;
    ngx_http_paylock_lease_t    *lease;
    ngx_http_paylock_node_sh_t  *node;

    lease = ev->data;
    node = lease->pmcf->node;

    if (ngx_exiting || ngx_quit || ngx_terminate) {
        ngx_http_paylock_lease_stop(lease->pmcf);
        return;
    }

    held = node->lease;

    if (lease->feed.held) {

        if (held == lease->feed.held) {
            node->heartbeat = ngx_current_msec;

        } else {
            /* this process was stopped for so long that another took over */
            ngx_http_paylock_feed_stop(&lease->feed);
            lease->feed.held = 0;
        }

    } else if (held == 0 || ngx_http_paylock_lease_lapsed(node, held)) {
        ngx_http_paylock_lease_take(lease, held);
    }

    ngx_add_timer(ev, NGX_HTTP_PAYLOCK_LEASE_TICK);
}


static ngx_uint_t
ngx_http_paylock_lease_lapsed(ngx_http_paylock_node_sh_t *node,
    ngx_atomic_uint_t held)
{
    ngx_msec_int_t  age;

    age = (ngx_msec_int_t) (ngx_current_msec - node->heartbeat);

    return age > NGX_HTTP_PAYLOCK_LEASE_TIME
           || (kill((ngx_pid_t) (held & 0xffffffff), 0) == -1
               && ngx_errno == ESRCH);
}


static void
ngx_http_paylock_lease_take(ngx_http_paylock_lease_t *lease,
    ngx_atomic_uint_t old)
{
    ngx_atomic_uint_t            held;
    ngx_http_paylock_node_sh_t  *node;

    node = lease->pmcf->node;

    held = ngx_atomic_fetch_add(&node->token, 1) + 1;
    held = held << 32 | (uint32_t) ngx_pid;

    node->heartbeat = ngx_current_msec;

    if (ngx_atomic_cmp_set(&node->lease, old, held)) {
        ngx_log_error(NGX_LOG_NOTICE, lease->tick.log, 0,
                      "paylock: this worker follows Redis");

        lease->feed.held = held;
        ngx_http_paylock_feed_start(&lease->feed);
    }
}


/* This worker shuts down: others need not wait until the lease has lapsed. */

static void
ngx_http_paylock_lease_leave(void *data)
{
    ngx_http_paylock_lease_t  *lease = data;

    ngx_http_paylock_lease_stop(lease->pmcf);
}
