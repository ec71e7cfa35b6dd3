
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"


/* milliseconds */

#define NGX_HTTP_PAYLOCK_BACKOFF_MAX    5000
#define NGX_HTTP_PAYLOCK_RETRY_REFUSED  30000


static void ngx_http_paylock_feed_connect(ngx_event_t *ev);
static void ngx_http_paylock_feed_ready(void *data);
static void ngx_http_paylock_feed_failed(void *data, const char *why);
static ngx_http_paylock_feed_error_e ngx_http_paylock_feed_error_of(
    const char *why);
static void ngx_http_paylock_feed_hello(void *data, redisReply *reply);


void
ngx_http_paylock_feed_start(ngx_http_paylock_feed_t *feed)
{
    feed->conn.redis = &feed->pmcf->redis;
    feed->conn.log = feed->log;
    feed->conn.counters = feed->pmcf->counters;
    feed->conn.data = feed;
    feed->conn.ready = ngx_http_paylock_feed_ready;
    feed->conn.failed = ngx_http_paylock_feed_failed;
    feed->conn.optional = ngx_http_paylock_node_reported;

    feed->retry.handler = ngx_http_paylock_feed_connect;
    feed->retry.data = feed;
    feed->retry.log = feed->log;
    feed->retry.cancelable = 1;

    feed->backoff = NGX_HTTP_PAYLOCK_BACKOFF_MIN;
    feed->batch = NGX_HTTP_PAYLOCK_BATCH;
    feed->replica = feed->pmcf->redis.replica;    /* until ROLE tells */

    ngx_http_paylock_feed_connect(&feed->retry);
}


void
ngx_http_paylock_feed_stop(ngx_http_paylock_feed_t *feed)
{
    if (feed->retry.timer_set) {
        ngx_del_timer(&feed->retry);
    }

    ngx_http_paylock_redis_close(&feed->conn);

    if (feed->trust) {
        ngx_http_paylock_trust_scan_end(feed);
    }
}


static void
ngx_http_paylock_feed_connect(ngx_event_t *ev)
{
    ngx_http_paylock_feed_t  *feed;

    feed = ev->data;

    feed->error = NGX_HTTP_PAYLOCK_FEED_LOST;
    feed->refused[0] = '\0';

    ngx_http_paylock_redis_open(&feed->conn);
}


static void
ngx_http_paylock_feed_ready(void *data)
{
    ngx_http_paylock_feed_t        *feed = data;
    ngx_http_paylock_redis_conf_t  *redis;

    redis = &feed->pmcf->redis;

    ngx_log_debug1(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: log in as \"%s\"",
                   redis->user ? redis->user : "default");

    feed->pmcf->counters->n[NGX_HTTP_PAYLOCK_COUNTER_CONNECTIONS]++;

    if (redis->password && redis->user) {
        ngx_http_paylock_redis_add(&feed->conn, "AUTH", redis->user,
                                   redis->password, NULL);

    } else if (redis->password) {
        ngx_http_paylock_redis_add(&feed->conn, "AUTH", redis->password, NULL);
    }

    if (ngx_strcmp(redis->db, "0") != 0) {
        ngx_http_paylock_redis_add(&feed->conn, "SELECT", redis->db, NULL);
    }

    ngx_http_paylock_redis_add(&feed->conn, "CLIENT", "SETNAME",
                               "paylock-nginx", NULL);

    ngx_http_paylock_redis_send(&feed->conn, redis->timeout,
                                ngx_http_paylock_feed_hello);
}


static void
ngx_http_paylock_feed_failed(void *data, const char *why)
{
    ngx_msec_t                delay;
    ngx_http_paylock_feed_t  *feed = data;

    if (why == NULL) {
        feed->leave(feed->data);
        return;
    }

    if (feed->pmcf->node->lease != feed->lease) {
        /* another worker has the lease: the next tick stops this feed */
        return;
    }

    if (feed->trust) {
        ngx_http_paylock_trust_scan_end(feed);

    } else if (feed->scanning) {
        feed->scanning = 0;
        (void) ngx_http_paylock_schedule_scanned(feed);
    }

    if (feed->conn.from_server) {
        feed->error = ngx_http_paylock_feed_error_of(why);

    } else if (feed->conn.no_connections) {
        feed->error = NGX_HTTP_PAYLOCK_FEED_FULL;
    }

    ngx_http_paylock_report_failure(feed, why);

    if (feed->error == NGX_HTTP_PAYLOCK_FEED_REFUSED) {
        delay = NGX_HTTP_PAYLOCK_RETRY_REFUSED;

    } else {
        delay = feed->backoff / 2 + ngx_random() % (feed->backoff / 2);
        feed->backoff = ngx_min(feed->backoff * 2,
                                NGX_HTTP_PAYLOCK_BACKOFF_MAX);
    }

    if (feed->conn.broken) {

        /* it broke within a reply, which may have been too large */

        feed->batch = ngx_max(feed->batch / 2, 1);
    }

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: error %d, next attempt in %M ms",
                   (int) feed->error, delay);

    ngx_add_timer(&feed->retry, delay);
}


/* Classifies an error reply by its prefix. */

static ngx_http_paylock_feed_error_e
ngx_http_paylock_feed_error_of(const char *why)
{
    ngx_uint_t  i;

    static const struct {
        const char                     *prefix;
        ngx_http_paylock_feed_error_e   error;
    } errors[] = {
        { "NOAUTH", NGX_HTTP_PAYLOCK_FEED_REFUSED },
        { "WRONGPASS", NGX_HTTP_PAYLOCK_FEED_REFUSED },
        { "NOPERM", NGX_HTTP_PAYLOCK_FEED_REFUSED },
        { "ERR AUTH", NGX_HTTP_PAYLOCK_FEED_REFUSED },

        /* these are temporary */

        { "LOADING", NGX_HTTP_PAYLOCK_FEED_LOST },
        { "BUSY", NGX_HTTP_PAYLOCK_FEED_LOST },
        { "UNBLOCKED", NGX_HTTP_PAYLOCK_FEED_LOST }
    };

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (ngx_strncmp(why, errors[i].prefix, ngx_strlen(errors[i].prefix))
            == 0)
        {
            return errors[i].error;
        }
    }

    return NGX_HTTP_PAYLOCK_FEED_UNFIT;
}


static void
ngx_http_paylock_feed_hello(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t  *feed = data;

    if (feed->pmcf->node->state == NGX_HTTP_PAYLOCK_NODE_EMPTY
        || feed->pmcf->node->state == NGX_HTTP_PAYLOCK_NODE_DISK)
    {
        ngx_http_paylock_report_state(feed, NGX_HTTP_PAYLOCK_NODE_SYNCING);
    }

    ngx_http_paylock_node_report(feed);

    ngx_http_paylock_head_ask(feed, ngx_http_paylock_resume);
}
