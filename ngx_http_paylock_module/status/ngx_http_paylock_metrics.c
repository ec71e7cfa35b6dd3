
/*
 * Copyright (C) 2026 paylock contributors
 *
 * paylock_metrics.  Records are counted while requests wait: a slice of the
 * table at each tick of a timer, for all waiting requests at once, so that many
 * requests cost no more than one.  The timer is not cancelable: a worker that
 * shuts down answers first.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include "ngx_http_paylock_metrics.h"
#include "paylock_negotiate.h"


#define NGX_HTTP_PAYLOCK_METRICS_SLICE  8192   /* buckets */
#define NGX_HTTP_PAYLOCK_METRICS_PAUSE  1      /* millisecond */


/* walks over the table in a circle as long as requests wait */

struct ngx_http_paylock_metrics_walk_s {
    ngx_event_t                    turn;
    ngx_queue_t                    waiting;    /* in order of arrival */
    uint32_t                       bucket;     /* the next one */
};


typedef struct {
    ngx_queue_t                    queue;
    ngx_http_request_t            *request;
    ngx_http_paylock_main_conf_t  *pmcf;
    uint32_t                       left;       /* buckets */
    ngx_uint_t                     json;
    ngx_uint_t                     waiting;
    ngx_http_paylock_metrics_t     metrics;
} ngx_http_paylock_metrics_ctx_t;


static ngx_int_t ngx_http_paylock_metrics_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_paylock_metrics_format(ngx_http_request_t *r,
    ngx_uint_t *json);
static void ngx_http_paylock_metrics_cleanup(void *data);
static void ngx_http_paylock_metrics_wait(ngx_http_paylock_metrics_ctx_t *ctx);
static void ngx_http_paylock_metrics_turn(ngx_event_t *ev);
static void ngx_http_paylock_metrics_slice(
    ngx_http_paylock_main_conf_t *pmcf);
static ngx_int_t ngx_http_paylock_metrics_send(
    ngx_http_paylock_metrics_ctx_t *ctx);
static void ngx_http_paylock_metrics_values(
    ngx_http_paylock_main_conf_t *pmcf, ngx_http_paylock_metrics_t *m);


static ngx_str_t  ngx_http_paylock_metrics_types[] = {
    ngx_string("text/plain; version=0.0.4; charset=utf-8"),
    ngx_string("application/json")
};


/* Metrics need the feed, even if no location is protected. */

char *
ngx_http_paylock_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_paylock_main_conf_t  *pmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_paylock_metrics_handler;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_paylock_module);
    pmcf->used = 1;

    if (pmcf->metrics_walk == NULL) {
        pmcf->metrics_walk = ngx_pcalloc(cf->pool,
                                       sizeof(ngx_http_paylock_metrics_walk_t));
        if (pmcf->metrics_walk == NULL) {
            return NGX_CONF_ERROR;
        }

        pmcf->metrics_walk->turn.handler = ngx_http_paylock_metrics_turn;
        pmcf->metrics_walk->turn.data = pmcf;
        ngx_queue_init(&pmcf->metrics_walk->waiting);
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_paylock_metrics_handler(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    ngx_pool_cleanup_t              *cln;
    ngx_http_paylock_metrics_ctx_t  *ctx;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_paylock_metrics_ctx_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_paylock_metrics_ctx_t));

    cln->handler = ngx_http_paylock_metrics_cleanup;

    ctx->request = r;
    ctx->pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);

    if (ngx_http_paylock_metrics_format(r, &ctx->json) != NGX_OK) {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (ctx->pmcf->table.sh->count == 0) {
        return ngx_http_paylock_metrics_send(ctx);
    }

    r->main->count++;
    ngx_http_paylock_metrics_wait(ctx);

    return NGX_DONE;
}


/* JSON only if it is asked for. */

static ngx_int_t
ngx_http_paylock_metrics_format(ngx_http_request_t *r, ngx_uint_t *json)
{
    ngx_str_t                   value;
    ngx_http_variable_value_t  *accept;

    static ngx_str_t  name = ngx_string("http_accept");

    if (ngx_http_arg(r, (u_char *) "format", 6, &value) == NGX_OK) {
        *json = value.len == 4 && ngx_strncmp(value.data, "json", 4) == 0;

        return *json || (value.len == 10
                         && ngx_strncmp(value.data, "prometheus", 10) == 0)
               ? NGX_OK : NGX_DECLINED;
    }

    accept = ngx_http_get_variable(r, &name,
                                   ngx_hash_key(name.data, name.len));

    *json = accept && !accept->not_found
            && paylock_negotiate_format((char *) accept->data, accept->len,
                                        NULL, 0)
               == PAYLOCK_FORMAT_JSON;

    return NGX_OK;
}


/* The client may close the connection while the request waits. */

static void
ngx_http_paylock_metrics_cleanup(void *data)
{
    ngx_http_paylock_metrics_ctx_t  *ctx = data;

    if (ctx->waiting) {
        ngx_queue_remove(&ctx->queue);
    }
}


/* The request waits until the walk has passed all buckets once. */

static void
ngx_http_paylock_metrics_wait(ngx_http_paylock_metrics_ctx_t *ctx)
{
    ngx_http_paylock_metrics_walk_t  *walk;

    walk = ctx->pmcf->metrics_walk;

    ctx->left = ctx->pmcf->table.sh->capacity;
    ctx->waiting = 1;
    ngx_queue_insert_tail(&walk->waiting, &ctx->queue);

    if (!walk->turn.timer_set) {
        walk->turn.log = ngx_cycle->log;
        ngx_add_timer(&walk->turn, NGX_HTTP_PAYLOCK_METRICS_PAUSE);
    }
}


/* Finalizing a request may free others: look at the queue anew each time. */

static void
ngx_http_paylock_metrics_turn(ngx_event_t *ev)
{
    ngx_queue_t                     *q;
    ngx_connection_t                *c;
    ngx_http_request_t              *r;
    ngx_http_paylock_main_conf_t    *pmcf;
    ngx_http_paylock_metrics_ctx_t  *ctx;

    pmcf = ev->data;

    ngx_http_paylock_metrics_slice(pmcf);

    while (!ngx_queue_empty(&pmcf->metrics_walk->waiting)) {
        q = ngx_queue_head(&pmcf->metrics_walk->waiting);
        ctx = ngx_queue_data(q, ngx_http_paylock_metrics_ctx_t, queue);

        if (ctx->left) {
            break;
        }

        ngx_queue_remove(q);
        ctx->waiting = 0;

        r = ctx->request;
        c = r->connection;

        ngx_http_finalize_request(r, ngx_http_paylock_metrics_send(ctx));
        ngx_http_run_posted_requests(c);
    }

    if (!ngx_queue_empty(&pmcf->metrics_walk->waiting) && !ev->timer_set) {
        ngx_add_timer(ev, NGX_HTTP_PAYLOCK_METRICS_PAUSE);
    }
}


/*
 * The slices of all rounds are the same, so that each bucket is counted once.
 */

static void
ngx_http_paylock_metrics_slice(ngx_http_paylock_main_conf_t *pmcf)
{
    int64_t                           found[PAYLOCK_LOCKED + 1];
    uint32_t                          b, last;
    ngx_uint_t                        i, n;
    ngx_queue_t                      *q;
    paylock_stage_e                   stage;
    ngx_http_paylock_metrics_walk_t  *walk;
    ngx_http_paylock_metrics_ctx_t   *ctx;
    paylock_state_record_t            records[NGX_HTTP_PAYLOCK_STEPS];

    walk = pmcf->metrics_walk;
    last = ngx_min(walk->bucket + NGX_HTTP_PAYLOCK_METRICS_SLICE,
                   pmcf->table.sh->capacity);

    ngx_memzero(found, sizeof(found));

    for (b = walk->bucket; b < last; b++) {
        n = ngx_http_paylock_table_bucket(&pmcf->table, b, records);

        for (i = 0; i < n; i++) {
            stage = paylock_timeline_stage(&records[i].record, ngx_time(),
                                           PAYLOCK_OPEN);
            found[stage]++;
        }
    }

    for (q = ngx_queue_head(&walk->waiting);
         q != ngx_queue_sentinel(&walk->waiting);
         q = ngx_queue_next(q))
    {
        ctx = ngx_queue_data(q, ngx_http_paylock_metrics_ctx_t, queue);
        ctx->left -= last - walk->bucket;

        for (i = 0; i <= PAYLOCK_LOCKED; i++) {
            ctx->metrics.records[i] += found[i];
        }
    }

    walk->bucket = last < pmcf->table.sh->capacity ? last : 0;
}


static ngx_int_t
ngx_http_paylock_metrics_send(ngx_http_paylock_metrics_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_str_t           *type;
    ngx_table_elt_t     *h;
    ngx_http_request_t  *r;
    ngx_chain_t          out;

    r = ctx->request;
    type = &ngx_http_paylock_metrics_types[ctx->json];

    ngx_http_paylock_metrics_values(ctx->pmcf, &ctx->metrics);

    out.buf = ngx_http_paylock_metrics_text(r->pool, &ctx->pmcf->name,
                                            &ctx->metrics, ctx->json);
    out.next = NULL;

    h = ngx_list_push(&r->headers_out.headers);

    if (out.buf == NULL || h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    ngx_str_set(&h->key, "Cache-Control");
    ngx_str_set(&h->value, "no-store");

    out.buf->last_buf = (r == r->main);
    out.buf->last_in_chain = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = out.buf->last - out.buf->pos;
    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, &out);
}


static void
ngx_http_paylock_metrics_values(ngx_http_paylock_main_conf_t *pmcf,
    ngx_http_paylock_metrics_t *m)
{
    ngx_uint_t                    i;
    ngx_msec_int_t                age;
    ngx_http_paylock_counters_t   sum;
    ngx_http_paylock_node_sh_t   *node;
    ngx_http_paylock_table_sh_t  *table;

    node = pmcf->node;
    table = pmcf->table.sh;

    ngx_http_paylock_counters_sum(pmcf->counters_zone, &sum);

    for (i = 0; i < NGX_HTTP_PAYLOCK_COUNTER_LAST; i++) {
        m->counted[i] = sum.n[i];
    }

    m->info = 1;
    m->state[node->state] = 1;

    /*
     * unknown if there was no answer yet; not negative, as ngx_current_msec of
     * the worker that had the answer may be ahead
     */

    age = (ngx_msec_int_t) (ngx_current_msec - node->answered);

    m->age = node->answered ? ngx_max(age, 0) : NGX_HTTP_PAYLOCK_METRICS_NONE;
    m->ahead = node->timed ? node->ahead : NGX_HTTP_PAYLOCK_METRICS_NONE;
    m->seq = node->cursor.seq;

    m->held = table->held;
    m->rejected = node->rejected;
    m->capacity = table->capacity;
    m->bytes = pmcf->size;
}
