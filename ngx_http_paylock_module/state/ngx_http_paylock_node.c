
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The state of the node, and the lease.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_paylock_node.h"


#define NGX_HTTP_PAYLOCK_LEASE_TIME  1500


const char *const  ngx_http_paylock_node_states[] = {
    "empty", "disk", "syncing", "live", "stale", "diverged"
};


ngx_uint_t
ngx_http_paylock_lease_is_free(ngx_http_paylock_node_sh_t *node)
{
    ngx_msec_int_t     age;
    ngx_atomic_uint_t  held;

    held = node->lease;
    age = (ngx_msec_int_t) (ngx_current_msec - node->heartbeat);

    return held == 0
           || age > NGX_HTTP_PAYLOCK_LEASE_TIME
           || (kill(ngx_http_paylock_lease_pid(held), 0) == -1
               && ngx_errno == ESRCH);
}


ngx_atomic_uint_t
ngx_http_paylock_lease_take(ngx_http_paylock_node_sh_t *node)
{
    ngx_atomic_uint_t  held, old;

    old = node->lease;

    if (!ngx_http_paylock_lease_is_free(node)) {
        return 0;
    }

    held = ngx_atomic_fetch_add(&node->token, 1) + 1;
    held = held << NGX_HTTP_PAYLOCK_LEASE_BITS | ngx_pid;

    node->heartbeat = ngx_current_msec;

    return ngx_atomic_cmp_set(&node->lease, old, held) ? held : 0;
}
