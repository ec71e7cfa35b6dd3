
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_counters.h"
#include "ngx_http_paylock_zone.h"


/* nginx's own limit, which includes processes that are shutting down */

#define NGX_HTTP_PAYLOCK_ROWS  NGX_MAX_PROCESSES


static ngx_int_t ngx_http_paylock_counters_zone_init(ngx_shm_zone_t *zone,
    void *data);


const char *const  ngx_http_paylock_let_through_names[] = {
    NULL, "exempt", "bypass", "pass", "dry_run"
};


/*
 * A zone of its own, so that counters survive a change of "paylock_zone". Raise
 * the number in its name when the columns change.
 */

ngx_shm_zone_t *
ngx_http_paylock_counters_zone(ngx_conf_t *cf)
{
    size_t           size;
    ngx_str_t        name = ngx_string("paylock_count_1");
    ngx_shm_zone_t  *zone;

    size = NGX_HTTP_PAYLOCK_ROWS * sizeof(ngx_http_paylock_counters_t)
           + 8 * ngx_pagesize;

    zone = ngx_shared_memory_add(cf, &name, size, ngx_http_paylock_zone_tag);

    if (zone) {
        zone->init = ngx_http_paylock_counters_zone_init;
    }

    return zone;
}


static ngx_int_t
ngx_http_paylock_counters_zone_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (data == NULL && !zone->shm.exists) {
        shpool->data = ngx_slab_calloc(shpool,
                                       NGX_HTTP_PAYLOCK_ROWS
                                       * sizeof(ngx_http_paylock_counters_t));
    }

    zone->data = shpool->data;

    return zone->data ? NGX_OK : NGX_ERROR;
}


ngx_http_paylock_counters_t *
ngx_http_paylock_counters_acquire(ngx_cycle_t *cycle, ngx_shm_zone_t *zone)
{
    ngx_uint_t                    i;
    ngx_atomic_uint_t             pid;
    ngx_http_paylock_counters_t  *rows;

    rows = zone->data;

    for (i = 0; i < NGX_HTTP_PAYLOCK_ROWS; i++) {
        pid = rows[i].pid;

        if ((pid == 0 || pid == (ngx_atomic_uint_t) ngx_pid
             || (kill((ngx_pid_t) pid, 0) == -1 && ngx_errno == ESRCH))
            && ngx_atomic_cmp_set(&rows[i].pid, pid, ngx_pid))
        {
            return &rows[i];
        }
    }

    /*
     * all rows seem taken, by pids that are in use again: this row is read by
     * nobody
     */

    return ngx_pcalloc(cycle->pool, sizeof(ngx_http_paylock_counters_t));
}


void
ngx_http_paylock_counters_release(ngx_http_paylock_counters_t *row)
{
    row->pid = 0;
}


void
ngx_http_paylock_counters_sum(ngx_shm_zone_t *zone,
    ngx_http_paylock_counters_t *sum)
{
    uint64_t                      longest;
    ngx_uint_t                    i, j;
    ngx_http_paylock_counters_t  *rows;

    rows = zone->data;
    longest = 0;

    ngx_memzero(sum, sizeof(ngx_http_paylock_counters_t));

    for (i = 0; i < NGX_HTTP_PAYLOCK_ROWS; i++) {

        for (j = 0; j < NGX_HTTP_PAYLOCK_COUNTER_LAST; j++) {
            sum->n[j] += rows[i].n[j];
        }

        longest = ngx_max(longest, rows[i].n[NGX_HTTP_PAYLOCK_COUNTER_LONGEST]);
    }

    sum->n[NGX_HTTP_PAYLOCK_COUNTER_LONGEST] = longest;
}


uint64_t
ngx_http_paylock_counters_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


void
ngx_http_paylock_counters_turn(ngx_http_paylock_counters_t *row, uint64_t start)
{
    uint64_t  *longest;

    longest = &row->n[NGX_HTTP_PAYLOCK_COUNTER_LONGEST];

    *longest = ngx_max(*longest, ngx_http_paylock_counters_now() - start);
}
