
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include "ngx_http_paylock_trust.h"


#define NGX_HTTP_PAYLOCK_SCAN_SPARE  65536
#define NGX_HTTP_PAYLOCK_SCAN_AHEAD  4      /* ms between looks at entries */


static void ngx_http_paylock_scan_fields(void *data, redisReply *reply);
static void ngx_http_paylock_scan_note(void *data, redisReply *reply);
static void ngx_http_paylock_scan_scanned(void *data, redisReply *reply);
static ngx_uint_t ngx_http_paylock_scan_trusted(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_scan_range(void *data, redisReply *reply);
static void ngx_http_paylock_scan_apply(void *data, redisReply *reply);
static void ngx_http_paylock_scan_sweep(void *data, redisReply *reply);


/*
 * Each reply of a long scan is a good answer, unless errors were logged since
 * the last complete one.
 */

void
ngx_http_paylock_scan_goes_on(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    if (node->alerted == 0) {
        node->answered = ngx_current_msec;
    }

    ngx_http_paylock_node_report(feed);
}


void
ngx_http_paylock_scan_begin(ngx_http_paylock_feed_t *feed)
{
    ngx_memcpy(feed->position, "0", sizeof("0"));

    /*
     * bound the replies: the HSCAN of a hostile server may never end; a good
     * one may send empty replies and repeat fields
     */

    feed->fields_left = 4 * (uint64_t) ngx_max(feed->fields, 0)
                 + NGX_HTTP_PAYLOCK_SCAN_SPARE;

    /* a listpack comes as one reply, see "hash-max-listpack-entries" */

    ngx_http_paylock_redis_expect(&feed->conn, feed->fields + feed->fields / 8
                                               + NGX_HTTP_PAYLOCK_BATCH);

    feed->scanning = 1;
    feed->started = ngx_current_msec;
    feed->unnoted = 0;
    feed->without_slot = 0;
    feed->rejected = 0;

    if (ngx_http_paylock_apply_begin(feed) != NGX_OK) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return;
    }

    ngx_http_paylock_scan_ask_fields(feed);
}


void
ngx_http_paylock_scan_ask_fields(ngx_http_paylock_feed_t *feed)
{
    u_char  batch[NGX_INT64_LEN + 1];

    (void) ngx_sprintf(batch, "%ui%Z", feed->batch);

    ngx_http_paylock_redis_add(&feed->conn, "HSCAN", feed->pmcf->redis.locks,
                               feed->position, "COUNT", batch, NULL);

    ngx_http_paylock_redis_send(&feed->conn, feed->pmcf->redis.timeout,
                                ngx_http_paylock_scan_fields);
}


/*
 * Between batches of fields entries are followed.  A batch is at least as new
 * as the entries read before it, and older than those read after it: so no host
 * goes back to an older record.
 */

static void
ngx_http_paylock_scan_fields(void *data, redisReply *reply)
{
    uint64_t                  seen;
    redisReply               *position;
    ngx_http_paylock_feed_t  *feed = data;

    if (reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_STRING
        || (size_t) reply->element[0]->len >= sizeof(feed->position))
    {
        ngx_http_paylock_feed_unfit(feed, "unexpected reply to HSCAN");
        return;
    }

    seen = 1 + reply->element[1]->elements / 2;

    if (seen > feed->fields_left) {
        ngx_http_paylock_feed_unfit(feed, "HSCAN comes to no end");
        return;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: HSCAN: %uL fields at %s, %uL left",
                   seen - 1, feed->position, feed->fields_left);

    feed->fields_left -= seen;

    ngx_http_paylock_scan_goes_on(feed);

    position = reply->element[0];
    ngx_memcpy(feed->position, position->str, position->len + 1);

    /* ask for the next batch already: Redis works while this one is applied */

    feed->prefetched = ngx_strcmp(feed->position, "0") != 0
                  && (feed->head_invalid || ngx_current_msec - feed->asked
                                     < NGX_HTTP_PAYLOCK_SCAN_AHEAD
                      || (feed->trust && feed->trust->folding));

    if (feed->prefetched) {
        ngx_http_paylock_scan_ask_fields(feed);
    }

    feed->done = 0;

    ngx_http_paylock_redis_again(&feed->conn, ngx_http_paylock_scan_note);
}


static void
ngx_http_paylock_scan_note(void *data, redisReply *reply)
{
    ngx_int_t                 rc;
    ngx_http_paylock_feed_t  *feed = data;

    if (feed->trust == NULL) {
        rc = ngx_http_paylock_apply_fields(feed, reply->element[1]);

    } else if (feed->trust->folding) {
        rc = ngx_http_paylock_trust_scan_fields(feed, reply->element[1]);

    } else {
        rc = ngx_http_paylock_trust_check_fields(feed, reply->element[1]);
    }

    if (rc == NGX_AGAIN) {
        ngx_http_paylock_redis_again(&feed->conn, ngx_http_paylock_scan_note);
        return;
    }

    if (rc != NGX_OK) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return;
    }

    if (feed->prefetched) {
        return;
    }

    if (ngx_strcmp(feed->position, "0") == 0) {
        ngx_http_paylock_head_ask(feed, ngx_http_paylock_scan_scanned);
        return;
    }

    ngx_http_paylock_feed_ask_entries(feed, 0);
}


static void
ngx_http_paylock_scan_scanned(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t  *feed = data;

    if (ngx_http_paylock_head_read(feed, reply, &feed->head,
                                   &feed->head_fields)
        == NGX_OK)
    {
        ngx_http_paylock_scan_catch_up(feed);
    }
}


/*
 * Entries that were written during the scan are applied before its result is.
 */

void
ngx_http_paylock_scan_catch_up(ngx_http_paylock_feed_t *feed)
{
    u_char  from[NGX_INT64_LEN + sizeof("-0")];
    u_char  to[NGX_INT64_LEN + sizeof("-0")];
    u_char  batch[NGX_INT64_LEN + 1];

    if (ngx_memcmp(&feed->cursor, &feed->head,
                   sizeof(ngx_http_paylock_cursor_t))
        == 0)
    {
        if (feed->catching_up) {
            feed->catching_up = 0;
            ngx_http_paylock_scan_begin(feed);
            return;
        }

        if (feed->trust && !ngx_http_paylock_scan_trusted(feed)) {
            return;
        }

        ngx_memzero(&feed->sweep, sizeof(ngx_http_paylock_sweep_t));

        feed->fields = feed->head_fields;
        feed->sweep.now = ngx_time();

        feed->sweep.belief = feed->first || feed->adopted
                             ? NGX_HTTP_PAYLOCK_BELIEVE_ALL
                             : NGX_HTTP_PAYLOCK_BELIEVE_NONE;
        feed->looked = 0;

        ngx_http_paylock_redis_again(&feed->conn, ngx_http_paylock_scan_sweep);
        return;
    }

    if (feed->trust && feed->head.seq <= feed->cursor.seq) {
        ngx_http_paylock_head_ask(feed, ngx_http_paylock_trust_resume);
        return;
    }

    if (feed->head.seq <= feed->cursor.seq) {
        ngx_http_paylock_redis_fail(&feed->conn,
                                    "the stream was replaced during a scan");
        return;
    }

    (void) ngx_sprintf(from, "%uL-0%Z", feed->cursor.seq + 1);
    (void) ngx_sprintf(to, "%uL-0%Z", feed->head.seq);
    (void) ngx_sprintf(batch, "%ui%Z",
                       feed->trust ? feed->trust->want : feed->batch);

    ngx_http_paylock_redis_add(&feed->conn, "XRANGE", feed->pmcf->redis.audit,
                               from, to, "COUNT", batch, NULL);

    ngx_http_paylock_redis_send(&feed->conn, feed->pmcf->redis.timeout,
                                ngx_http_paylock_scan_range);
}


/* 1: what was read fits the root, and may be published. */

static ngx_uint_t
ngx_http_paylock_scan_trusted(ngx_http_paylock_feed_t *feed)
{
    ngx_int_t  rc;

    if (!feed->trust->folding) {
        ngx_http_paylock_redis_again(&feed->conn,
                                     ngx_http_paylock_trust_check_end);
        return 0;
    }

    rc = ngx_http_paylock_trust_scan_fits(feed);

    if (rc == NGX_ERROR) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);

    } else if (rc == NGX_DECLINED) {
        ngx_http_paylock_trust_hold(feed, "%s", feed->trust->v.fault.text);
    }

    return rc == NGX_OK;
}


static void
ngx_http_paylock_scan_range(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t  *feed = data;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) {
        ngx_http_paylock_feed_unfit(feed, "unexpected reply to XRANGE");
        return;
    }

    feed->done = 0;

    ngx_http_paylock_scan_apply(feed, reply);
}


static void
ngx_http_paylock_scan_apply(void *data, redisReply *reply)
{
    ngx_int_t                 rc;
    ngx_http_paylock_feed_t  *feed = data;

    rc = feed->trust ? ngx_http_paylock_trust_entries(feed, reply)
                     : ngx_http_paylock_apply_entries(feed, reply);

    if (rc == NGX_AGAIN) {
        ngx_http_paylock_redis_again(&feed->conn, ngx_http_paylock_scan_apply);
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

    ngx_http_paylock_scan_goes_on(feed);

    ngx_http_paylock_scan_catch_up(feed);
}


static void
ngx_http_paylock_scan_sweep(void *data, redisReply *reply)
{
    ngx_int_t                    rc;
    ngx_http_paylock_feed_t     *feed = data;
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    rc = ngx_http_paylock_apply_sweep(feed);

    if (rc == NGX_ERROR) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return;
    }

    if (rc == NGX_AGAIN) {
        ngx_http_paylock_redis_again(&feed->conn, ngx_http_paylock_scan_sweep);
        return;
    }

    ngx_log_debug5(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: reconciled: %uD seen, %uD changed, %uD "
                   "lost, belief %d, %ui held",
                   feed->sweep.seen, feed->sweep.changed, feed->sweep.lost,
                   (int) feed->sweep.belief,
                   (ngx_uint_t) feed->pmcf->table.sh->held);

    feed->scanning = 0;

    if (feed->unnoted) {

        /*
         * the zone was full: scan again, with the slots that the sweep has
         * freed
         */

        if (feed->sweep.changed == 0) {
            (void) ngx_http_paylock_feed_full(feed, feed->fields);
            ngx_http_paylock_redis_fail(&feed->conn, feed->why);
            return;
        }

        ngx_http_paylock_head_ask(feed, feed->trust
                                        ? ngx_http_paylock_trust_resume
                                        : ngx_http_paylock_scan_start);
        return;
    }

    /*
     * count what was seen: fields that were added behind HSCAN make the next
     * check scan again
     */

    feed->fields = (int64_t) feed->sweep.seen + feed->without_slot;

    node->lasted = ngx_http_paylock_schedule_scanned(feed);
    node->scanned = ngx_current_msec;

    ngx_http_paylock_report_scan(feed);

    if (ngx_http_paylock_apply_commit(feed) != NGX_OK || feed->head_invalid) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return;
    }

    if (feed->trust) {
        ngx_http_paylock_trust_scan_end(feed);
        ngx_http_paylock_trust_check_tell(feed);
    }

    node->rejected = feed->rejected;
    feed->adopted = 0;
    feed->batch = NGX_HTTP_PAYLOCK_BATCH;
    feed->checked = ngx_current_msec;
    ngx_http_paylock_feed_follow(feed);
}
