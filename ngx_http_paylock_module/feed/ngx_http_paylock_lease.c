
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

#include "ngx_http_paylock_trust.h"
#include "ngx_http_paylock_lease.h"
#include "ngx_http_paylock_state_file.h"


#define NGX_HTTP_PAYLOCK_LEASE_TICK  500


struct ngx_http_paylock_lease_s {
    ngx_http_paylock_main_conf_t  *pmcf;
    ngx_event_t                    tick;
    ngx_http_paylock_feed_t        feed;
};


static void ngx_http_paylock_lease_tick(ngx_event_t *ev);
static void ngx_http_paylock_lease_stop(ngx_http_paylock_lease_t *lease);
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

    if (pmcf->signers.list.n) {
        lease->feed.trust = ngx_http_paylock_trust_create(cycle, pmcf);
        if (lease->feed.trust == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_add_timer(&lease->tick, 1);

    return ngx_http_paylock_state_writer_init(cycle, pmcf);
}


/*
 * When a worker exits: writes the state file if changes are not in it and no
 * other worker has the lease.
 */

void
ngx_http_paylock_lease_end(ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_atomic_uint_t  held;

    ngx_http_paylock_lease_stop(pmcf->lease);
    ngx_http_paylock_state_writer_wait(pmcf);

    if (!ngx_http_paylock_state_writer_due(pmcf)) {
        return;
    }

    held = ngx_http_paylock_lease_take(pmcf->node);

    if (held) {
        ngx_http_paylock_state_writer_last(pmcf, held);
        (void) ngx_atomic_cmp_set(&pmcf->node->lease, held, 0);
    }
}


static void
ngx_http_paylock_lease_stop(ngx_http_paylock_lease_t *lease)
{
    if (lease->tick.timer_set) {
        ngx_del_timer(&lease->tick);
    }

    if (lease->feed.lease) {
        ngx_log_debug0(NGX_LOG_DEBUG_EVENT, lease->tick.log, 0,
                       "paylock lease: given back");

        ngx_http_paylock_feed_stop(&lease->feed);
        (void) ngx_atomic_cmp_set(&lease->pmcf->node->lease, lease->feed.lease,
                                  0);
        lease->feed.lease = 0;
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
        ngx_http_paylock_lease_stop(lease);
        return;
    }

    held = node->lease;

    if (lease->feed.lease) {

        if (held == lease->feed.lease) {
            node->heartbeat = ngx_current_msec;
            ngx_http_paylock_report_age(&lease->feed);

        } else {
            /* this process was stopped for so long that another took over */

            ngx_log_debug1(NGX_LOG_DEBUG_EVENT, ev->log, 0,
                           "paylock lease: lost to process %P",
                           ngx_http_paylock_lease_pid(held));

            ngx_http_paylock_feed_stop(&lease->feed);
            lease->feed.lease = 0;
        }

    } else {
        lease->feed.lease = ngx_http_paylock_lease_take(node);

        if (lease->feed.lease) {
            ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                          "paylock: this worker follows Redis");

            ngx_http_paylock_feed_start(&lease->feed);
            ngx_http_paylock_state_writer_start(lease->pmcf, lease->feed.lease);
        }
    }

    ngx_add_timer(ev, NGX_HTTP_PAYLOCK_LEASE_TICK);
}


/*
 * Nginx closes idle connections because the worker shuts down: give the lease
 * back at once.
 */

static void
ngx_http_paylock_lease_leave(void *data)
{
    ngx_http_paylock_lease_t  *lease = data;

    ngx_http_paylock_lease_stop(lease);
}
