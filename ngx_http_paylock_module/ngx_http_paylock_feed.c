
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"


#define NGX_HTTP_PAYLOCK_BATCH        "256"    /* fields or entries a reply */
#define NGX_HTTP_PAYLOCK_BLOCK        "5000"
#define NGX_HTTP_PAYLOCK_CHECK        5000
#define NGX_HTTP_PAYLOCK_STALE_AFTER  10000

#define NGX_HTTP_PAYLOCK_BACKOFF_MIN  100
#define NGX_HTTP_PAYLOCK_BACKOFF_MAX  5000
#define NGX_HTTP_PAYLOCK_REFUSED      30000


static void ngx_http_paylock_feed_connect(ngx_event_t *ev);
static void ngx_http_paylock_feed_ready(void *data);
static void ngx_http_paylock_feed_failed(void *data, const char *why);
static void ngx_http_paylock_feed_complain(ngx_http_paylock_feed_t *feed,
    const char *why, ngx_uint_t refused);
static ngx_uint_t ngx_http_paylock_feed_refused(const char *why);
static void ngx_http_paylock_feed_state(ngx_http_paylock_feed_t *feed,
    ngx_http_paylock_state_e state);

static void ngx_http_paylock_feed_hello(void *data, redisReply *reply);
static void ngx_http_paylock_feed_ask_head(ngx_http_paylock_feed_t *feed,
    ngx_http_paylock_reply_pt handler);
static ngx_int_t ngx_http_paylock_feed_head(ngx_http_paylock_feed_t *feed,
    redisReply *reply, ngx_http_paylock_cursor_t *cursor, int64_t *fields);
static void ngx_http_paylock_feed_scan(void *data, redisReply *reply);
static void ngx_http_paylock_feed_ask_fields(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_feed_fields(void *data, redisReply *reply);
static void ngx_http_paylock_feed_fold(void *data, redisReply *reply);
static void ngx_http_paylock_feed_ask_range(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_feed_range(void *data, redisReply *reply);
static void ngx_http_paylock_feed_sweep(ngx_event_t *ev);
static void ngx_http_paylock_feed_follow(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_feed_entries(void *data, redisReply *reply);
static void ngx_http_paylock_feed_check(void *data, redisReply *reply);


void
ngx_http_paylock_feed_start(ngx_http_paylock_feed_t *feed)
{
    feed->link.redis = &feed->pmcf->redis;
    feed->link.log = feed->log;
    feed->link.data = feed;
    feed->link.ready = ngx_http_paylock_feed_ready;
    feed->link.failed = ngx_http_paylock_feed_failed;

    feed->retry.handler = ngx_http_paylock_feed_connect;
    feed->retry.data = feed;
    feed->retry.log = feed->log;
    feed->retry.cancelable = 1;

    feed->sweep.handler = ngx_http_paylock_feed_sweep;
    feed->sweep.data = feed;
    feed->sweep.log = feed->log;

    feed->backoff = NGX_HTTP_PAYLOCK_BACKOFF_MIN;

    ngx_http_paylock_feed_connect(&feed->retry);
}


void
ngx_http_paylock_feed_stop(ngx_http_paylock_feed_t *feed)
{
    if (feed->retry.timer_set) {
        ngx_del_timer(&feed->retry);
    }

    if (feed->sweep.posted) {
        ngx_delete_posted_event(&feed->sweep);
    }

    ngx_http_paylock_link_close(&feed->link);
}


static void
ngx_http_paylock_feed_connect(ngx_event_t *ev)
{
    ngx_http_paylock_feed_t  *feed;

    feed = ev->data;

    ngx_http_paylock_link_open(&feed->link);
}


static void
ngx_http_paylock_feed_ready(void *data)
{
    ngx_http_paylock_feed_t   *feed = data;
    ngx_http_paylock_redis_t  *redis;

    redis = &feed->pmcf->redis;

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
    ngx_uint_t                refused;
    ngx_msec_t                delay;
    ngx_http_paylock_feed_t  *feed = data;

    if (feed->sweep.posted) {
        ngx_delete_posted_event(&feed->sweep);
    }

    if (why == NULL) {
        feed->leave(feed->data);
        return;
    }

    if (feed->pmcf->node->lease != feed->held) {
        /* it is another worker's now, which the lease will notice */
        return;
    }

    refused = ngx_http_paylock_feed_refused(why);

    ngx_http_paylock_feed_complain(feed, why, refused);

    if (refused) {
        delay = NGX_HTTP_PAYLOCK_REFUSED;

    } else {
        delay = feed->backoff / 2 + ngx_random() % (feed->backoff / 2);
        feed->backoff = ngx_min(feed->backoff * 2,
                                NGX_HTTP_PAYLOCK_BACKOFF_MAX);
    }

    ngx_add_timer(&feed->retry, delay);
}


/* Once for each outage, whichever workers see it. */

static void
ngx_http_paylock_feed_complain(ngx_http_paylock_feed_t *feed, const char *why,
    ngx_uint_t refused)
{
    u_char                        text[NGX_HTTP_PAYLOCK_PRINTABLE * 4 + 1];
    ngx_uint_t                    level;
    ngx_http_paylock_node_sh_t   *node;

    node = feed->pmcf->node;

    if (node->state == NGX_HTTP_PAYLOCK_LIVE
        && ngx_current_msec - node->answered > NGX_HTTP_PAYLOCK_STALE_AFTER)
    {
        ngx_http_paylock_feed_state(feed, NGX_HTTP_PAYLOCK_STALE);
    }

    if (node->alerted) {
        return;
    }

    node->alerted = 1;

    ngx_http_paylock_printable(text, why, ngx_strlen(why));

    if (refused) {
        ngx_log_error(NGX_LOG_ALERT, feed->log, 0,
                      "paylock: Redis at %V refuses user \"%s\": %s; give it "
                      "the rights that docs/redis.md names; %uD records stay "
                      "in force",
                      &feed->pmcf->redis.addrs[0].name,
                      feed->pmcf->redis.user ? feed->pmcf->redis.user
                                             : "default",
                      text, feed->pmcf->table.sh->count);

    } else if (node->state == NGX_HTTP_PAYLOCK_EMPTY
               || node->state == NGX_HTTP_PAYLOCK_SYNCING)
    {
        ngx_log_error(NGX_LOG_ALERT, feed->log, 0,
                      "paylock: Redis at %V: %s; nothing is known yet, "
                      "\"paylock_default\" applies until it answers",
                      &feed->pmcf->redis.addrs[0].name, text);

    } else {
        level = feed->full ? NGX_LOG_ALERT : NGX_LOG_ERR;

        ngx_log_error(level, feed->log, 0,
                      "paylock: Redis at %V: %s; %uD records stay in force",
                      &feed->pmcf->redis.addrs[0].name, text,
                      feed->pmcf->table.sh->count);
    }
}


static ngx_uint_t
ngx_http_paylock_feed_refused(const char *why)
{
    return ngx_strncmp(why, "NOAUTH", sizeof("NOAUTH") - 1) == 0
           || ngx_strncmp(why, "WRONGPASS", sizeof("WRONGPASS") - 1) == 0
           || ngx_strncmp(why, "NOPERM", sizeof("NOPERM") - 1) == 0
           || ngx_strncmp(why, "ERR AUTH", sizeof("ERR AUTH") - 1) == 0;
}


static void
ngx_http_paylock_feed_state(ngx_http_paylock_feed_t *feed,
    ngx_http_paylock_state_e state)
{
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    if (state == NGX_HTTP_PAYLOCK_LIVE) {
        node->answered = ngx_current_msec;
        node->alerted = 0;
        feed->backoff = NGX_HTTP_PAYLOCK_BACKOFF_MIN;
    }

    if (node->state == state) {
        return;
    }

    node->state = state;

    switch (state) {

    case NGX_HTTP_PAYLOCK_LIVE:
        ngx_log_error(NGX_LOG_NOTICE, feed->log, 0,
                      "paylock: live, %uD records, entry %uL",
                      feed->pmcf->table.sh->count, feed->cursor.seq);
        break;

    case NGX_HTTP_PAYLOCK_STALE:
        ngx_log_error(NGX_LOG_ERR, feed->log, 0,
                      "paylock: stale, no good answer from Redis for %M ms",
                      ngx_current_msec - node->answered);
        break;

    default:
        break;
    }
}


static void
ngx_http_paylock_feed_hello(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t  *feed = data;

    if (feed->pmcf->node->state == NGX_HTTP_PAYLOCK_EMPTY) {
        ngx_http_paylock_feed_state(feed, NGX_HTTP_PAYLOCK_SYNCING);
    }

    ngx_http_paylock_feed_ask_head(feed, ngx_http_paylock_feed_scan);
}


/* The head of the stream and the size of the hash, at one moment. */

static void
ngx_http_paylock_feed_ask_head(ngx_http_paylock_feed_t *feed,
    ngx_http_paylock_reply_pt handler)
{
    ngx_http_paylock_redis_t  *redis;

    redis = &feed->pmcf->redis;

    ngx_http_paylock_link_add(&feed->link, "MULTI", NULL);
    ngx_http_paylock_link_add(&feed->link, "XREVRANGE", redis->audit, "+", "-",
                              "COUNT", "1", NULL);
    ngx_http_paylock_link_add(&feed->link, "HLEN", redis->locks, NULL);
    ngx_http_paylock_link_add(&feed->link, "EXEC", NULL);

    ngx_http_paylock_link_call(&feed->link, redis->timeout, handler);
}


static ngx_int_t
ngx_http_paylock_feed_head(ngx_http_paylock_feed_t *feed, redisReply *reply,
    ngx_http_paylock_cursor_t *cursor, int64_t *fields)
{
    size_t  i;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        ngx_http_paylock_link_fail(&feed->link, "unexpected reply to EXEC");
        return NGX_ERROR;
    }

    for (i = 0; i < 2; i++) {
        if (reply->element[i]->type == REDIS_REPLY_ERROR) {
            ngx_http_paylock_link_fail(&feed->link, reply->element[i]->str);
            return NGX_ERROR;
        }
    }

    if (reply->element[1]->type != REDIS_REPLY_INTEGER) {
        ngx_http_paylock_link_fail(&feed->link, "unexpected reply to HLEN");
        return NGX_ERROR;
    }

    *fields = reply->element[1]->integer;

    if (ngx_http_paylock_apply_head(feed, reply->element[0], cursor)
        != NGX_OK)
    {
        ngx_http_paylock_link_fail(&feed->link, feed->why);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_paylock_feed_scan(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t        *feed = data;
    ngx_http_paylock_table_sh_t    *sh;
    ngx_http_paylock_main_conf_t   *pmcf;

    if (ngx_http_paylock_feed_head(feed, reply, &feed->cursor, &feed->fields)
        != NGX_OK)
    {
        return;
    }

    pmcf = feed->pmcf;
    sh = pmcf->table.sh;

    if (feed->fields > (int64_t) sh->capacity) {
        (void) ngx_http_paylock_apply_full(feed, feed->fields);
        ngx_http_paylock_link_fail(&feed->link, feed->why);
        return;
    }

    ngx_memcpy(feed->position, "0", sizeof("0"));
    feed->scanning = 1;
    feed->full = 0;
    feed->rejected = 0;

    ngx_http_paylock_table_scan(&pmcf->table);
    ngx_http_paylock_feed_ask_fields(feed);
}


static void
ngx_http_paylock_feed_ask_fields(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_link_add(&feed->link, "HSCAN", feed->pmcf->redis.locks,
                              feed->position, "COUNT", NGX_HTTP_PAYLOCK_BATCH,
                              NULL);

    ngx_http_paylock_link_call(&feed->link, feed->pmcf->redis.timeout,
                               ngx_http_paylock_feed_fields);
}


static void
ngx_http_paylock_feed_fields(void *data, redisReply *reply)
{
    redisReply               *position;
    ngx_http_paylock_feed_t  *feed = data;

    if (reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_STRING
        || (size_t) reply->element[0]->len >= sizeof(feed->position))
    {
        ngx_http_paylock_link_fail(&feed->link, "unexpected reply to HSCAN");
        return;
    }

    if (ngx_http_paylock_apply_fields(feed, reply->element[1]) != NGX_OK) {
        ngx_http_paylock_link_fail(&feed->link, feed->why);
        return;
    }

    position = reply->element[0];
    ngx_memcpy(feed->position, position->str, position->len + 1);

    if (ngx_strcmp(feed->position, "0") != 0) {
        ngx_http_paylock_feed_ask_fields(feed);
        return;
    }

    ngx_http_paylock_feed_ask_head(feed, ngx_http_paylock_feed_fold);
}


/* What was changed during the scan has its last word before all is shown. */

static void
ngx_http_paylock_feed_fold(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t  *feed = data;

    if (ngx_http_paylock_feed_head(feed, reply, &feed->head, &feed->fields)
        == NGX_OK)
    {
        ngx_http_paylock_feed_ask_range(feed);
    }
}


static void
ngx_http_paylock_feed_ask_range(ngx_http_paylock_feed_t *feed)
{
    u_char  from[NGX_INT64_LEN + sizeof("-0")], to[NGX_INT64_LEN + sizeof("-0")];

    if (feed->cursor.seq == feed->head.seq) {
        feed->bucket = 0;
        ngx_post_event(&feed->sweep, &ngx_posted_next_events);
        return;
    }

    (void) ngx_sprintf(from, "%uL-0%Z", feed->cursor.seq + 1);
    (void) ngx_sprintf(to, "%uL-0%Z", feed->head.seq);

    ngx_http_paylock_link_add(&feed->link, "XRANGE", feed->pmcf->redis.audit,
                              from, to, "COUNT", NGX_HTTP_PAYLOCK_BATCH, NULL);

    ngx_http_paylock_link_call(&feed->link, feed->pmcf->redis.timeout,
                               ngx_http_paylock_feed_range);
}


static void
ngx_http_paylock_feed_range(void *data, redisReply *reply)
{
    int64_t                   fields;
    ngx_http_paylock_feed_t  *feed = data;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) {
        ngx_http_paylock_link_fail(&feed->link, "unexpected reply to XRANGE");
        return;
    }

    /* the size that came with the head counts these entries already */

    fields = feed->fields;

    if (ngx_http_paylock_apply_entries(feed, reply) != NGX_OK) {
        ngx_http_paylock_link_fail(&feed->link, feed->why);
        return;
    }

    feed->fields = fields;

    ngx_http_paylock_feed_ask_range(feed);
}


static void
ngx_http_paylock_feed_sweep(ngx_event_t *ev)
{
    ngx_int_t                    rc;
    ngx_http_paylock_feed_t     *feed;

    feed = ev->data;

    rc = ngx_http_paylock_apply_sweep(feed);

    if (rc == NGX_ERROR) {
        ngx_http_paylock_link_fail(&feed->link, feed->why);
        return;
    }

    if (rc == NGX_AGAIN) {
        ngx_post_event(ev, &ngx_posted_next_events);
        return;
    }

    feed->scanning = 0;
    feed->checked = ngx_current_msec;
    feed->pmcf->node->rejected = feed->rejected;

    if (feed->cursor.seq == 0) {
        ngx_log_error(NGX_LOG_WARN, feed->log, 0,
                      "paylock: there is no \"%s\" in Redis; run "
                      "\"paylock-admin init\"", feed->pmcf->redis.audit);
    }

    ngx_http_paylock_feed_follow(feed);
}


static void
ngx_http_paylock_feed_follow(ngx_http_paylock_feed_t *feed)
{
    u_char                       after[NGX_INT64_LEN + sizeof("-0")];
    ngx_http_paylock_redis_t    *redis;
    ngx_http_paylock_node_sh_t  *node;

    redis = &feed->pmcf->redis;
    node = feed->pmcf->node;

    node->seq = feed->cursor.seq;
    ngx_memcpy(node->chain, feed->cursor.chain, sizeof(node->chain));
    ngx_memcpy(node->hash, feed->cursor.hash, sizeof(node->hash));

    ngx_http_paylock_feed_state(feed, NGX_HTTP_PAYLOCK_LIVE);

    if (ngx_current_msec - feed->checked >= NGX_HTTP_PAYLOCK_CHECK) {
        ngx_http_paylock_feed_ask_head(feed, ngx_http_paylock_feed_check);
        return;
    }

    (void) ngx_sprintf(after, "%uL-0%Z", feed->cursor.seq);

    ngx_http_paylock_link_add(&feed->link, "XREAD", "COUNT",
                              NGX_HTTP_PAYLOCK_BATCH,
                              "BLOCK", NGX_HTTP_PAYLOCK_BLOCK,
                              "STREAMS", redis->audit, after, NULL);

    ngx_http_paylock_link_call(&feed->link,
                               NGX_HTTP_PAYLOCK_CHECK + redis->timeout,
                               ngx_http_paylock_feed_entries);
}


static void
ngx_http_paylock_feed_entries(void *data, redisReply *reply)
{
    redisReply               *stream;
    ngx_http_paylock_feed_t  *feed = data;

    if (reply->type == REDIS_REPLY_NIL) {
        ngx_http_paylock_feed_follow(feed);
        return;
    }

    stream = NULL;

    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1) {
        stream = reply->element[0];
    }

    if (stream == NULL || stream->type != REDIS_REPLY_ARRAY
        || stream->elements != 2
        || stream->element[1]->type != REDIS_REPLY_ARRAY)
    {
        ngx_http_paylock_link_fail(&feed->link, "unexpected reply to XREAD");
        return;
    }

    if (ngx_http_paylock_apply_entries(feed, stream->element[1]) != NGX_OK) {
        ngx_http_paylock_link_fail(&feed->link, feed->why);
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

    if (ngx_http_paylock_feed_head(feed, reply, &head, &fields) != NGX_OK) {
        return;
    }

    feed->checked = ngx_current_msec;

    if (head.seq < feed->cursor.seq
        || (head.seq == feed->cursor.seq
            && ngx_memcmp(&head, &feed->cursor, sizeof(head)) != 0))
    {
        ngx_log_error(NGX_LOG_ERR, feed->log, 0,
                      "paylock: the stream ends with entry %uL, which does "
                      "not go on from entry %uL that was applied; reading all "
                      "records again", head.seq, feed->cursor.seq);

        ngx_http_paylock_feed_ask_head(feed, ngx_http_paylock_feed_scan);
        return;
    }

    if (head.seq == feed->cursor.seq && fields != feed->fields) {
        ngx_http_paylock_feed_ask_head(feed, ngx_http_paylock_feed_scan);
        return;
    }

    ngx_http_paylock_feed_follow(feed);
}
