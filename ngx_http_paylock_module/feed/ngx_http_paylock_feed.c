
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"


/* milliseconds */

#define NGX_HTTP_PAYLOCK_CHECK          5000
#define NGX_HTTP_PAYLOCK_BACKOFF_MIN    200   /* half of it at least */
#define NGX_HTTP_PAYLOCK_BACKOFF_MAX    5000
#define NGX_HTTP_PAYLOCK_RETRY_REFUSED  30000


static void ngx_http_paylock_feed_connect(ngx_event_t *ev);
static void ngx_http_paylock_feed_ready(void *data);
static void ngx_http_paylock_feed_failed(void *data, const char *why);
static ngx_http_paylock_trouble_e ngx_http_paylock_feed_trouble(
    const char *why);
static void ngx_http_paylock_feed_hello(void *data, redisReply *reply);
static void ngx_http_paylock_feed_entries(void *data, redisReply *reply);
static void ngx_http_paylock_feed_apply(void *data, redisReply *reply);
static void ngx_http_paylock_feed_goes_on(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_feed_check(void *data, redisReply *reply);


void
ngx_http_paylock_feed_start(ngx_http_paylock_feed_t *feed)
{
    feed->link.redis = &feed->pmcf->redis;
    feed->link.log = feed->log;
    feed->link.count = feed->pmcf->count;
    feed->link.data = feed;
    feed->link.ready = ngx_http_paylock_feed_ready;
    feed->link.failed = ngx_http_paylock_feed_failed;
    feed->link.tried = ngx_http_paylock_node_reported;

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

    ngx_http_paylock_link_close(&feed->link);
}


static void
ngx_http_paylock_feed_connect(ngx_event_t *ev)
{
    ngx_http_paylock_feed_t  *feed;

    feed = ev->data;

    feed->trouble = NGX_HTTP_PAYLOCK_LOST;
    feed->refused[0] = '\0';

    ngx_http_paylock_link_open(&feed->link);
}


static void
ngx_http_paylock_feed_ready(void *data)
{
    ngx_http_paylock_feed_t   *feed = data;
    ngx_http_paylock_redis_t  *redis;

    redis = &feed->pmcf->redis;

    feed->pmcf->count->n[NGX_HTTP_PAYLOCK_COUNT_CONNECTIONS]++;

    if (redis->password && redis->user) {
        ngx_http_paylock_link_add(&feed->link, "AUTH", redis->user,
                                  redis->password, NULL);

    } else if (redis->password) {
        ngx_http_paylock_link_add(&feed->link, "AUTH", redis->password, NULL);
    }

    if (ngx_strcmp(redis->db, "0") != 0) {
        ngx_http_paylock_link_add(&feed->link, "SELECT", redis->db, NULL);
    }

    ngx_http_paylock_link_add(&feed->link, "CLIENT", "SETNAME",
                              "paylock-nginx", NULL);

    ngx_http_paylock_link_call(&feed->link, redis->timeout,
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

    if (feed->pmcf->node->lease != feed->held) {
        /* it is another worker's now, which the lease will notice */
        return;
    }

    if (feed->scanning) {
        feed->scanning = 0;
        (void) ngx_http_paylock_resume_scanned(feed);
    }

    if (feed->link.foreign) {
        feed->trouble = ngx_http_paylock_feed_trouble(why);

    } else if (feed->link.crowded) {
        feed->trouble = NGX_HTTP_PAYLOCK_FULL;
    }

    ngx_http_paylock_report_failure(feed, why);

    if (feed->trouble == NGX_HTTP_PAYLOCK_REFUSED) {
        delay = NGX_HTTP_PAYLOCK_RETRY_REFUSED;

    } else {
        delay = feed->backoff / 2 + ngx_random() % (feed->backoff / 2);
        feed->backoff = ngx_min(feed->backoff * 2,
                                NGX_HTTP_PAYLOCK_BACKOFF_MAX);
    }

    if (feed->link.broken) {

        /* it may have been too large */

        feed->batch = ngx_max(feed->batch / 2, 1);
    }

    ngx_add_timer(&feed->retry, delay);
}


/* What is said by the other side tells more than that there is none. */

static ngx_http_paylock_trouble_e
ngx_http_paylock_feed_trouble(const char *why)
{
    ngx_uint_t  i;

    static const struct {
        const char                  *words;
        ngx_http_paylock_trouble_e   trouble;
    } errors[] = {
        { "NOAUTH", NGX_HTTP_PAYLOCK_REFUSED },
        { "WRONGPASS", NGX_HTTP_PAYLOCK_REFUSED },
        { "NOPERM", NGX_HTTP_PAYLOCK_REFUSED },
        { "ERR AUTH", NGX_HTTP_PAYLOCK_REFUSED },

        /* these pass, as an outage does */

        { "LOADING", NGX_HTTP_PAYLOCK_LOST },
        { "BUSY", NGX_HTTP_PAYLOCK_LOST },
        { "UNBLOCKED", NGX_HTTP_PAYLOCK_LOST }
    };

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (ngx_strncmp(why, errors[i].words, ngx_strlen(errors[i].words))
            == 0)
        {
            return errors[i].trouble;
        }
    }

    return NGX_HTTP_PAYLOCK_UNFIT;
}


static void
ngx_http_paylock_feed_hello(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t  *feed = data;

    if (feed->pmcf->node->state == NGX_HTTP_PAYLOCK_EMPTY
        || feed->pmcf->node->state == NGX_HTTP_PAYLOCK_DISK)
    {
        ngx_http_paylock_report_state(feed, NGX_HTTP_PAYLOCK_SYNCING);
    }

    ngx_http_paylock_node_report(feed);

    ngx_http_paylock_head_ask(feed, ngx_http_paylock_resume);
}


void
ngx_http_paylock_feed_follow(ngx_http_paylock_feed_t *feed)
{
    ngx_msec_t                     now, next;
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = feed->pmcf;
    now = ngx_current_msec;

    if (feed->adopted) {

        /* not known before the scan has ended all holds */

        ngx_http_paylock_head_ask(feed, ngx_http_paylock_scan_start);
        return;
    }

    if (ngx_http_paylock_apply_commit(feed) != NGX_OK) {
        ngx_http_paylock_link_fail(&feed->link, feed->why);
        return;
    }

    feed->backoff = NGX_HTTP_PAYLOCK_BACKOFF_MIN;

    ngx_http_paylock_report_state(feed, pmcf->table.sh->held
                                        ? NGX_HTTP_PAYLOCK_DIVERGED
                                        : NGX_HTTP_PAYLOCK_LIVE);

    ngx_http_paylock_node_report(feed);

    if (ngx_http_paylock_resume_scan_due(feed, feed->fields, feed->fields)) {
        ngx_http_paylock_head_ask(feed, ngx_http_paylock_scan_start);
        return;
    }

    if (now - feed->checked >= NGX_HTTP_PAYLOCK_CHECK) {
        ngx_http_paylock_head_ask(feed, ngx_http_paylock_feed_check);
        return;
    }

    next = ngx_min(NGX_HTTP_PAYLOCK_CHECK - (now - feed->checked),
                   ngx_http_paylock_resume_next_scan(feed));
    next = ngx_min(next, ngx_max(ngx_http_paylock_node_wait(feed), 1));

    ngx_http_paylock_feed_ask_entries(feed, next);
}


void
ngx_http_paylock_feed_unfit(ngx_http_paylock_feed_t *feed, const char *why)
{
    feed->trouble = NGX_HTTP_PAYLOCK_UNFIT;

    ngx_http_paylock_link_fail(&feed->link, why);
}


/* Waits for entries, if block is not 0 so many milliseconds. */

void
ngx_http_paylock_feed_ask_entries(ngx_http_paylock_feed_t *feed,
    ngx_msec_t block)
{
    u_char                     after[NGX_INT64_LEN + sizeof("-0")];
    u_char                     wait[NGX_INT64_LEN + 1];
    u_char                     batch[NGX_INT64_LEN + 1];
    ngx_http_paylock_redis_t  *redis;

    redis = &feed->pmcf->redis;

    feed->asked = ngx_current_msec;
    feed->block = block;

    (void) ngx_sprintf(after, "%uL-0%Z", feed->cursor.seq);
    (void) ngx_sprintf(batch, "%ui%Z", feed->batch);

    if (block) {
        (void) ngx_sprintf(wait, "%M%Z", block);

        ngx_http_paylock_link_add(&feed->link, "XREAD", "COUNT", batch,
                                  "BLOCK", wait, "STREAMS", redis->audit, after,
                                  NULL);

    } else {
        ngx_http_paylock_link_add(&feed->link, "XREAD", "COUNT", batch,
                                  "STREAMS", redis->audit, after, NULL);
    }

    ngx_http_paylock_link_call(&feed->link, block + redis->timeout,
                               ngx_http_paylock_feed_entries);
}


static void
ngx_http_paylock_feed_entries(void *data, redisReply *reply)
{
    redisReply               *stream;
    ngx_http_paylock_feed_t  *feed = data;

    if (reply->type == REDIS_REPLY_NIL) {

        /* what does not wait would be asked without pause */

        if (ngx_current_msec - feed->asked < feed->block / 2) {
            ngx_http_paylock_feed_unfit(feed, "XREAD does not wait");
            return;
        }

        ngx_http_paylock_feed_goes_on(feed);
        return;
    }

    stream = NULL;

    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1) {
        stream = reply->element[0];
    }

    if (stream == NULL || stream->type != REDIS_REPLY_ARRAY
        || stream->elements != 2
        || stream->element[1]->type != REDIS_REPLY_ARRAY
        || stream->element[1]->elements == 0)
    {
        ngx_http_paylock_feed_unfit(feed, "unexpected reply to XREAD");
        return;
    }

    feed->done = 0;

    ngx_http_paylock_feed_apply(feed, reply);
}


static void
ngx_http_paylock_feed_apply(void *data, redisReply *reply)
{
    ngx_int_t                 rc;
    ngx_http_paylock_feed_t  *feed = data;

    rc = ngx_http_paylock_apply_entries(feed, reply->element[0]->element[1]);

    if (rc == NGX_AGAIN) {
        ngx_http_paylock_link_again(&feed->link, ngx_http_paylock_feed_apply);
        return;
    }

    if (rc == NGX_DECLINED) {
        ngx_http_paylock_head_ask(feed, ngx_http_paylock_scan_start);
        return;
    }

    if (rc != NGX_OK) {
        ngx_http_paylock_link_fail(&feed->link, feed->why);
        return;
    }

    ngx_http_paylock_feed_goes_on(feed);
}


static void
ngx_http_paylock_feed_goes_on(ngx_http_paylock_feed_t *feed)
{
    if (feed->scanning) {
        ngx_http_paylock_scan_ask_fields(feed);
        return;
    }

    ngx_http_paylock_feed_follow(feed);
}


/* A stream never tells what it has lost, nor a hash what was put there. */

static void
ngx_http_paylock_feed_check(void *data, redisReply *reply)
{
    int64_t                     fields;
    ngx_http_paylock_feed_t    *feed = data;
    ngx_http_paylock_cursor_t   head;

    if (ngx_http_paylock_head_read(feed, reply, &head, &fields) != NGX_OK) {
        return;
    }

    feed->checked = ngx_current_msec;

    if (head.seq < feed->cursor.seq
        || (head.seq == feed->cursor.seq
            && (ngx_http_paylock_resume_scan_due(feed, fields, feed->fields)
                || ngx_memcmp(&head, &feed->cursor, sizeof(head)) != 0)))
    {
        ngx_http_paylock_head_ask(feed, ngx_http_paylock_scan_start);
        return;
    }

    ngx_http_paylock_feed_follow(feed);
}
