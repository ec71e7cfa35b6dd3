
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What paylock_metrics tells.
 */


#ifndef _NGX_HTTP_PAYLOCK_METRICS_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_METRICS_H_INCLUDED_


#include "ngx_http_paylock_counters.h"
#include "ngx_http_paylock_node.h"


#define NGX_HTTP_PAYLOCK_METRICS_NONE  INT64_MIN   /* not known: left out */


typedef struct {
    int64_t                      info;
    int64_t                      state[NGX_HTTP_PAYLOCK_NODE_DIVERGED + 1];
    int64_t                      age;          /* milliseconds */
    int64_t                      ahead;        /* milliseconds */
    int64_t                      seq;
    int64_t                      records[PAYLOCK_LOCKED + 1];
    int64_t                      held;
    int64_t                      rejected;
    int64_t                      capacity;
    int64_t                      bytes;
    int64_t                      counted[NGX_HTTP_PAYLOCK_COUNTER_LAST];
} ngx_http_paylock_metrics_t;


/* ngx_http_paylock_metrics.c */

char *ngx_http_paylock_metrics(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/*
 * ngx_http_paylock_metrics_text.c: text for Prometheus (its exposition format
 * 0.0.4) or JSON; NULL if there is no memory
 */

ngx_buf_t *ngx_http_paylock_metrics_text(ngx_pool_t *pool, ngx_str_t *name,
    ngx_http_paylock_metrics_t *m, ngx_uint_t json);


#endif /* _NGX_HTTP_PAYLOCK_METRICS_H_INCLUDED_ */
