
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Follows entries as they come.  When they cannot be all there is, a scan
 * starts: scan.c, which asks this file for entries in between and comes back
 * to it at the end.  The two files are one state machine.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_trust.h"


#define NGX_HTTP_PAYLOCK_CHECK  5000   /* milliseconds */


static void ngx_http_paylock_feed_entries(void *data, redisReply *reply);
static void ngx_http_paylock_feed_apply(void *data, redisReply *reply);
static void ngx_http_paylock_feed_goes_on(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_feed_check(void *data, redisReply *reply);
static void ngx_http_paylock_feed_scan(ngx_http_paylock_feed_t *feed);


void
ngx_http_paylock_feed_follow(ngx_http_paylock_feed_t *feed)
{
    ngx_msec_t                     now, next;
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = feed->pmcf;
    now = ngx_current_msec;

    if (feed->adopted) {

        /*
         * the entry adopts this Redis: nothing is committed before a scan has
         * ended all holds
         */

        ngx_http_paylock_head_ask(feed, ngx_http_paylock_scan_start);
        return;
    }

    if (ngx_http_paylock_apply_commit(feed) != NGX_OK) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return;
    }

    feed->backoff = NGX_HTTP_PAYLOCK_BACKOFF_MIN;

    pmcf->node->refused = 0;

    ngx_http_paylock_report_state(feed, pmcf->table.sh->held && !feed->trust
                                        ? NGX_HTTP_PAYLOCK_NODE_DIVERGED
                                        : NGX_HTTP_PAYLOCK_NODE_LIVE);

    ngx_http_paylock_node_report(feed);

    if (ngx_http_paylock_schedule_scan_due(feed, feed->fields, feed->fields)) {
        ngx_http_paylock_feed_scan(feed);
        return;
    }

    if (now - feed->checked >= NGX_HTTP_PAYLOCK_CHECK) {
        ngx_http_paylock_head_ask(feed, ngx_http_paylock_feed_check);
        return;
    }

    next = ngx_min(NGX_HTTP_PAYLOCK_CHECK - (now - feed->checked),
                   ngx_http_paylock_schedule_next_scan(feed));
    next = ngx_min(next, ngx_max(ngx_http_paylock_node_wait(feed), 1));

    ngx_http_paylock_feed_ask_entries(feed, next);
}


void
ngx_http_paylock_feed_ask_entries(ngx_http_paylock_feed_t *feed,
    ngx_msec_t block)
{
    u_char                          after[NGX_INT64_LEN + sizeof("-0")];
    u_char                          wait[NGX_INT64_LEN + 1];
    u_char                          batch[NGX_INT64_LEN + 1];
    ngx_http_paylock_redis_conf_t  *redis;

    redis = &feed->pmcf->redis;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: ask for entries after %uL, wait %M ms",
                   feed->cursor.seq, block);

    feed->asked = ngx_current_msec;
    feed->block = block;

    (void) ngx_sprintf(after, "%uL-0%Z", feed->cursor.seq);
    (void) ngx_sprintf(batch, "%ui%Z",
                       feed->trust ? feed->trust->want : feed->batch);

    if (block) {
        (void) ngx_sprintf(wait, "%M%Z", block);

        ngx_http_paylock_redis_add(&feed->conn, "XREAD", "COUNT", batch,
                                   "BLOCK", wait, "STREAMS", redis->audit,
                                   after, NULL);

    } else {
        ngx_http_paylock_redis_add(&feed->conn, "XREAD", "COUNT", batch,
                                   "STREAMS", redis->audit, after, NULL);
    }

    ngx_http_paylock_redis_send(&feed->conn, block + redis->timeout,
                                ngx_http_paylock_feed_entries);
}


void
ngx_http_paylock_feed_ask_back(ngx_http_paylock_feed_t *feed, uint64_t seq,
    ngx_uint_t n, ngx_http_paylock_redis_reply_pt handler)
{
    u_char  from[NGX_INT64_LEN + sizeof("-0")], count[NGX_INT64_LEN + 1];

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: ask for %ui entries back from %uL", n, seq);

    (void) ngx_sprintf(from, "%uL-0%Z", seq);
    (void) ngx_sprintf(count, "%ui%Z", n);

    ngx_http_paylock_redis_add(&feed->conn, "XREVRANGE",
                               feed->pmcf->redis.audit, from, "-",
                               "COUNT", count, NULL);

    ngx_http_paylock_redis_send(&feed->conn, feed->pmcf->redis.timeout,
                                handler);
}


static void
ngx_http_paylock_feed_entries(void *data, redisReply *reply)
{
    redisReply               *entries;
    ngx_http_paylock_feed_t  *feed = data;

    if (reply->type == REDIS_REPLY_NIL) {

        /* a server that ignores BLOCK would be asked in a busy loop */

        if (ngx_current_msec - feed->asked < feed->block / 2) {
            ngx_http_paylock_feed_unfit(feed, "XREAD does not wait");
            return;
        }

        if (feed->trust && feed->trust->holding) {
            ngx_http_paylock_trust_woken(feed, 0);
            return;
        }

        /* behind what is known there is no more, and the last is no entry */

        if (feed->trust && feed->head_invalid) {
            (void) paylock_verify_unreadable(&feed->trust->v,
                                             "cannot be read");
            ngx_http_paylock_trust_stopped(feed);
            return;
        }

        ngx_http_paylock_feed_goes_on(feed);
        return;
    }

    entries = ngx_http_paylock_feed_stream(reply);

    if (entries == NULL) {
        ngx_http_paylock_feed_unfit(feed, "unexpected reply to XREAD");
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: %uz entries",
                   entries->elements);

    if (feed->trust && feed->trust->holding) {
        ngx_http_paylock_trust_woken(feed, entries->elements);
        return;
    }

    feed->done = 0;

    ngx_http_paylock_feed_apply(feed, reply);
}


redisReply *
ngx_http_paylock_feed_stream(redisReply *reply)
{
    redisReply  *stream;

    stream = NULL;

    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1) {
        stream = reply->element[0];
    }

    return stream == NULL || stream->type != REDIS_REPLY_ARRAY
           || stream->elements != 2
           || stream->element[1]->type != REDIS_REPLY_ARRAY
           || stream->element[1]->elements == 0
           ? NULL : stream->element[1];
}


static void
ngx_http_paylock_feed_apply(void *data, redisReply *reply)
{
    ngx_int_t                 rc;
    redisReply               *entries;
    ngx_http_paylock_feed_t  *feed = data;

    entries = reply->element[0]->element[1];

    rc = feed->trust ? ngx_http_paylock_trust_entries(feed, entries)
                     : ngx_http_paylock_apply_entries(feed, entries);

    if (rc == NGX_AGAIN) {
        ngx_http_paylock_redis_again(&feed->conn, ngx_http_paylock_feed_apply);
        return;
    }

    if (rc == NGX_DECLINED && feed->trust) {
        ngx_http_paylock_trust_stopped(feed);
        return;
    }

    if (rc == NGX_DECLINED) {
        ngx_http_paylock_head_ask(feed, ngx_http_paylock_scan_start);
        return;
    }

    if (rc != NGX_OK) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
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


static void
ngx_http_paylock_feed_scan(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_head_ask(feed, feed->trust ? ngx_http_paylock_trust_check
                                                : ngx_http_paylock_scan_start);
}


/*
 * XREAD does not tell when the stream was cut or the hash was edited: compare
 * the head and the number of fields every few seconds.
 */

static void
ngx_http_paylock_feed_check(void *data, redisReply *reply)
{
    int64_t                     fields;
    ngx_http_paylock_feed_t    *feed = data;
    ngx_http_paylock_cursor_t   head;

    if (ngx_http_paylock_head_read(feed, reply, &head, &fields) != NGX_OK) {
        return;
    }

    ngx_log_debug4(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: check: head %uL, %L fields; here %uL, %L",
                   head.seq, fields, feed->cursor.seq, feed->fields);

    feed->checked = ngx_current_msec;

    if (head.seq < feed->cursor.seq
        || (head.seq == feed->cursor.seq
            && (ngx_http_paylock_schedule_scan_due(feed, fields, feed->fields)
                || ngx_memcmp(&head, &feed->cursor, sizeof(head)) != 0)))
    {
        if (feed->trust
            && ngx_memcmp(&head, &feed->cursor, sizeof(head)) != 0)
        {
            ngx_http_paylock_head_ask(feed, ngx_http_paylock_trust_resume);
            return;
        }

        ngx_http_paylock_feed_scan(feed);
        return;
    }

    ngx_http_paylock_feed_follow(feed);
}
