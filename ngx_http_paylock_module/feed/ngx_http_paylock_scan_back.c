
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The beginning of a scan without signers: does the stream in Redis continue
 * from the entry that was applied last?  Walks back from the head to see.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"


static void ngx_http_paylock_scan_ask_back(ngx_http_paylock_feed_t *feed,
    uint64_t seq);
static void ngx_http_paylock_scan_back(void *data, redisReply *reply);
static void ngx_http_paylock_scan_walk(void *data, redisReply *reply);


void
ngx_http_paylock_scan_start(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t       *feed = data;
    ngx_http_paylock_cursor_t     *applied;
    ngx_http_paylock_main_conf_t  *pmcf;

    if (ngx_http_paylock_head_read(feed, reply, &feed->cursor, &feed->fields)
        != NGX_OK)
    {
        return;
    }

    pmcf = feed->pmcf;
    applied = &pmcf->node->cursor;

    if (feed->fields > (int64_t) pmcf->table.sh->capacity) {
        (void) ngx_http_paylock_feed_full(feed, feed->fields);
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: scan: applied %uL, head %uL, %L fields",
                   applied->seq, feed->cursor.seq, feed->fields);

    feed->first = !pmcf->node->synced;
    feed->extends_known = 1;
    feed->missed_entries = 0;
    feed->adopted = 0;
    feed->catching_up = 0;

    /* void what a scan that was broken off has noted and explained */

    if (ngx_http_paylock_apply_begin(feed) != NGX_OK) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return;
    }

    if (applied->seq == 0
        || ngx_memcmp(applied, &feed->cursor, sizeof(ngx_http_paylock_cursor_t))
           == 0)
    {
        ngx_http_paylock_scan_begin(feed);
        return;
    }

    feed->extends_known = 0;
    feed->missed_entries = 1;
    feed->walked_to.seq = 0;
    feed->archive.seq = 0;
    feed->added = 0;
    feed->saw_adopt = 0;
    feed->nseen = 0;
    ngx_memzero(feed->seen, sizeof(feed->seen));

    if (feed->cursor.seq == 0) {
        ngx_http_paylock_scan_begin(feed);
        return;
    }

    ngx_http_paylock_scan_ask_back(feed, feed->cursor.seq);
}


static void
ngx_http_paylock_scan_ask_back(ngx_http_paylock_feed_t *feed, uint64_t seq)
{
    uint64_t  applied, n;

    applied = feed->pmcf->node->cursor.seq;
    n = seq < applied ? feed->batch : ngx_min(feed->batch, seq - applied + 1);

    ngx_http_paylock_feed_ask_back(feed, seq, n, ngx_http_paylock_scan_back);
}


static void
ngx_http_paylock_scan_back(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t  *feed = data;

    feed->done = 0;

    ngx_http_paylock_scan_walk(feed, reply);
}


static void
ngx_http_paylock_scan_walk(void *data, redisReply *reply)
{
    ngx_int_t                    rc;
    ngx_http_paylock_feed_t     *feed = data;
    ngx_http_paylock_node_sh_t  *node;

    rc = ngx_http_paylock_chain_back(feed, reply);

    if (rc == NGX_AGAIN) {
        ngx_http_paylock_redis_again(&feed->conn, ngx_http_paylock_scan_walk);
        return;
    }

    if (rc == NGX_ERROR) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return;
    }

    ngx_http_paylock_scan_goes_on(feed);

    if (rc == NGX_OK && feed->walked_to.seq > 1) {
        ngx_http_paylock_scan_ask_back(feed, feed->walked_to.seq - 1);
        return;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: the head %s %uL%s",
                   feed->extends_known ? "extends" : "does not extend",
                   feed->pmcf->node->cursor.seq,
                   feed->adopted ? ", adopted" : "");

    if (feed->extends_known) {
        node = feed->pmcf->node;

        feed->head = feed->cursor;
        feed->head_fields = feed->fields;
        feed->cursor = node->cursor;
        feed->fields = node->fields;

        if (!feed->saw_adopt
            && !ngx_http_paylock_schedule_scan_due(feed, feed->head_fields,
                                                 feed->fields + feed->added))
        {
            feed->checked = ngx_current_msec;
            ngx_http_paylock_feed_follow(feed);
            return;
        }

        /* follow the entries that were missed, then read all records */

        feed->catching_up = 1;

        ngx_http_paylock_scan_catch_up(feed);
        return;
    }

    ngx_http_paylock_scan_begin(feed);
}
