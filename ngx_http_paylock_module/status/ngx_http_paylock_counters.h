
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Counters in shared memory.  Each worker has a row of its own, so that it
 * counts without a lock or an atomic operation; a reader adds the rows up.  A
 * row outlives its worker: the next one goes on from what it holds.
 */


#ifndef _NGX_HTTP_PAYLOCK_COUNTERS_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_COUNTERS_H_INCLUDED_


#include "ngx_http_paylock_conf.h"
#include "paylock_page.h"
#include "paylock_timeline.h"


/* why a request to a closed host is let through */

typedef enum {
    NGX_HTTP_PAYLOCK_LET_THROUGH_NONE = 0,
    NGX_HTTP_PAYLOCK_LET_THROUGH_EXEMPT,
    NGX_HTTP_PAYLOCK_LET_THROUGH_BYPASS,
    NGX_HTTP_PAYLOCK_LET_THROUGH_PASS,
    NGX_HTTP_PAYLOCK_LET_THROUGH_DRY_RUN,
    NGX_HTTP_PAYLOCK_LET_THROUGH_LAST
} ngx_http_paylock_let_through_e;


/* ... as metrics and $paylock_state name it; NULL for none */

extern const char *const  ngx_http_paylock_let_through_names[];


/*
 * The columns of a row: requests by their stage, and behind these by why they
 * were let through; answers by their format, and then preflights.
 */

typedef enum {
    NGX_HTTP_PAYLOCK_COUNTER_REQUESTS = 0,
    NGX_HTTP_PAYLOCK_COUNTER_ANSWERS =
        PAYLOCK_LOCKED + NGX_HTTP_PAYLOCK_LET_THROUGH_LAST,
    NGX_HTTP_PAYLOCK_COUNTER_PREFLIGHTS =
        NGX_HTTP_PAYLOCK_COUNTER_ANSWERS + PAYLOCK_FORMAT_NONE + 1,
    NGX_HTTP_PAYLOCK_COUNTER_CONNECTIONS,      /* to Redis */
    NGX_HTTP_PAYLOCK_COUNTER_UNAUDITED,        /* changes without an entry */
    NGX_HTTP_PAYLOCK_COUNTER_REFUSED,          /* reports of this node */
    NGX_HTTP_PAYLOCK_COUNTER_LONGEST,          /* turn, in nanoseconds */
    NGX_HTTP_PAYLOCK_COUNTER_LAST
} ngx_http_paylock_counter_e;


struct ngx_http_paylock_counters_s {
    uint64_t                     n[NGX_HTTP_PAYLOCK_COUNTER_LAST];
    ngx_atomic_t                 pid;          /* whose it is, or 0 */
} __attribute__((aligned(64)));


/*
 * A row for this process, to be released when it exits; NULL if there is no
 * memory.
 */

ngx_http_paylock_counters_t *ngx_http_paylock_counters_acquire(
    ngx_cycle_t *cycle, ngx_shm_zone_t *zone);
void ngx_http_paylock_counters_release(ngx_http_paylock_counters_t *row);

/* The sum of all rows; of the longest turns, the longest. */

void ngx_http_paylock_counters_sum(ngx_shm_zone_t *zone,
    ngx_http_paylock_counters_t *sum);

/* Adds the zone to the configuration; NULL if there is no memory. */

ngx_shm_zone_t *ngx_http_paylock_counters_zone(ngx_conf_t *cf);

/* The time in nanoseconds; a turn of the event loop began at start. */

uint64_t ngx_http_paylock_counters_now(void);
void ngx_http_paylock_counters_turn(ngx_http_paylock_counters_t *row,
    uint64_t start);


#endif /* _NGX_HTTP_PAYLOCK_COUNTERS_H_INCLUDED_ */
