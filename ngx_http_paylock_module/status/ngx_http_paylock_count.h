
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is counted: each worker has a row of its own in shared memory, so that
 * counting takes no lock and no atomic operation.  Who reads adds the rows up.
 * A row outlives its worker, and goes on with the next one that takes it.
 */


#ifndef _NGX_HTTP_PAYLOCK_COUNT_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_COUNT_H_INCLUDED_


#include "ngx_http_paylock_conf.h"
#include "paylock_page.h"
#include "paylock_timeline.h"


/* why a request to a closed host is let through */

typedef enum {
    NGX_HTTP_PAYLOCK_PASS_NONE = 0,
    NGX_HTTP_PAYLOCK_PASS_EXEMPT,
    NGX_HTTP_PAYLOCK_PASS_BYPASS,
    NGX_HTTP_PAYLOCK_PASS_PASS,
    NGX_HTTP_PAYLOCK_PASS_DRY_RUN,
    NGX_HTTP_PAYLOCK_PASS_LAST
} ngx_http_paylock_pass_e;


/* ... as metrics and $paylock_state name it; NULL for none */

extern const char *const  ngx_http_paylock_passes[];


/*
 * The columns of a row: requests by their stage, and behind these by why they
 * were let through; answers by their format, and then preflights.
 */

typedef enum {
    NGX_HTTP_PAYLOCK_COUNT_REQUESTS = 0,
    NGX_HTTP_PAYLOCK_COUNT_ANSWERS =
        PAYLOCK_LOCKED + NGX_HTTP_PAYLOCK_PASS_LAST,
    NGX_HTTP_PAYLOCK_COUNT_PREFLIGHTS =
        NGX_HTTP_PAYLOCK_COUNT_ANSWERS + PAYLOCK_FORMAT_NONE + 1,
    NGX_HTTP_PAYLOCK_COUNT_CONNECTIONS,        /* to Redis */
    NGX_HTTP_PAYLOCK_COUNT_UNAUDITED,          /* changes without an entry */
    NGX_HTTP_PAYLOCK_COUNT_REFUSED,            /* reports of this node */
    NGX_HTTP_PAYLOCK_COUNT_LONGEST,            /* turn, in nanoseconds */
    NGX_HTTP_PAYLOCK_COUNT_LAST
} ngx_http_paylock_count_e;


struct ngx_http_paylock_count_s {
    uint64_t                     n[NGX_HTTP_PAYLOCK_COUNT_LAST];
    ngx_atomic_t                 pid;          /* whose it is, or 0 */
} __attribute__((aligned(64)));


/*
 * A row for this process, which it gives back in the end; NULL if there is no
 * memory.
 */

ngx_http_paylock_count_t *ngx_http_paylock_count_take(ngx_cycle_t *cycle,
    ngx_shm_zone_t *zone);
void ngx_http_paylock_count_give(ngx_http_paylock_count_t *count);

/* The sum of all rows, or of turns the longest. */

void ngx_http_paylock_count_sum(ngx_shm_zone_t *zone,
    ngx_http_paylock_count_t *sum);

/* Adds the zone to the configuration; NULL if there is no memory. */

ngx_shm_zone_t *ngx_http_paylock_count_zone(ngx_conf_t *cf);

/* A moment, and a turn of the event loop that has lasted since then. */

uint64_t ngx_http_paylock_count_now(void);
void ngx_http_paylock_count_turn(ngx_http_paylock_count_t *count,
    uint64_t start);


#endif /* _NGX_HTTP_PAYLOCK_COUNT_H_INCLUDED_ */
