
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_count.h"
#include "ngx_http_paylock_zone.h"


/* more processes nginx does not have, those that are about to leave included */

#define NGX_HTTP_PAYLOCK_ROWS  NGX_MAX_PROCESSES


static ngx_int_t ngx_http_paylock_count_init(ngx_shm_zone_t *zone,
    void *data);


const char *const  ngx_http_paylock_passes[] = {
    NULL, "exempt", "bypass", "pass", "dry_run"
};


/*
 * It is one of its own, so that it outlives another size of the table's.  The
 * number in its name is to be raised when the columns change.
 */

ngx_shm_zone_t *
ngx_http_paylock_count_zone(ngx_conf_t *cf)
{
    size_t           size;
    ngx_str_t        name = ngx_string("paylock_count_1");
    ngx_shm_zone_t  *zone;

    size = NGX_HTTP_PAYLOCK_ROWS * sizeof(ngx_http_paylock_count_t)
           + 8 * ngx_pagesize;

    zone = ngx_shared_memory_add(cf, &name, size, ngx_http_paylock_zone_tag);

    if (zone) {
        zone->init = ngx_http_paylock_count_init;
    }

    return zone;
}


static ngx_int_t
ngx_http_paylock_count_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (data == NULL && !zone->shm.exists) {
        shpool->data = ngx_slab_calloc(shpool, NGX_HTTP_PAYLOCK_ROWS
                                           * sizeof(ngx_http_paylock_count_t));
    }

    zone->data = shpool->data;

    return zone->data ? NGX_OK : NGX_ERROR;
}


ngx_http_paylock_count_t *
ngx_http_paylock_count_take(ngx_cycle_t *cycle, ngx_shm_zone_t *zone)
{
    ngx_uint_t                 i;
    ngx_atomic_uint_t          pid;
    ngx_http_paylock_count_t  *rows;

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

    /* others have the pids of many that crashed: nobody reads this one */

    return ngx_pcalloc(cycle->pool, sizeof(ngx_http_paylock_count_t));
}


void
ngx_http_paylock_count_give(ngx_http_paylock_count_t *count)
{
    count->pid = 0;
}


void
ngx_http_paylock_count_sum(ngx_shm_zone_t *zone, ngx_http_paylock_count_t *sum)
{
    uint64_t                   longest;
    ngx_uint_t                 i, j;
    ngx_http_paylock_count_t  *rows;

    rows = zone->data;
    longest = 0;

    ngx_memzero(sum, sizeof(ngx_http_paylock_count_t));

    for (i = 0; i < NGX_HTTP_PAYLOCK_ROWS; i++) {

        for (j = 0; j < NGX_HTTP_PAYLOCK_COUNT_LAST; j++) {
            sum->n[j] += rows[i].n[j];
        }

        longest = ngx_max(longest, rows[i].n[NGX_HTTP_PAYLOCK_COUNT_LONGEST]);
    }

    sum->n[NGX_HTTP_PAYLOCK_COUNT_LONGEST] = longest;
}


uint64_t
ngx_http_paylock_count_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


void
ngx_http_paylock_count_turn(ngx_http_paylock_count_t *count, uint64_t start)
{
    uint64_t  *longest;

    longest = &count->n[NGX_HTTP_PAYLOCK_COUNT_LONGEST];

    *longest = ngx_max(*longest, ngx_http_paylock_count_now() - start);
}
