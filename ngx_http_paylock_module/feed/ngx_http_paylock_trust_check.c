
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Looks for records that were written or removed by hand.  They have no
 * effect, and are counted.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_trust.h"
#include "paylock_host.h"


static ngx_int_t ngx_http_paylock_trust_check_field(
    ngx_http_paylock_feed_t *feed, const redisReply *host,
    const redisReply *value);
static void ngx_http_paylock_trust_check_found(ngx_http_paylock_feed_t *feed,
    const ngx_http_paylock_key_t *key, const redisReply *host,
    const redisReply *value);


void
ngx_http_paylock_trust_check(void *data, redisReply *reply)
{
    int64_t                      fields;
    ngx_http_paylock_feed_t     *feed = data;
    ngx_http_paylock_cursor_t    head;
    ngx_http_paylock_by_hand_t  *by_hand;

    by_hand = &feed->trust->by_hand;

    if (ngx_http_paylock_head_read(feed, reply, &head, &fields) != NGX_OK) {
        return;
    }

    feed->fields = fields;
    ngx_memzero(by_hand, sizeof(ngx_http_paylock_by_hand_t));

    ngx_http_paylock_scan_begin(feed);
}


ngx_int_t
ngx_http_paylock_trust_check_fields(ngx_http_paylock_feed_t *feed,
    redisReply *fields)
{
    return ngx_http_paylock_apply_page(feed, fields,
                                       ngx_http_paylock_trust_check_field);
}


/*
 * A batch of fields is at least as new as what is applied.  If it is newer, the
 * record names an entry that is still to come.
 */

static ngx_int_t
ngx_http_paylock_trust_check_field(ngx_http_paylock_feed_t *feed,
    const redisReply *host, const redisReply *value)
{
    uint64_t                   seq;
    ngx_uint_t                 found;
    const char                *why;
    paylock_record_t           record, applied;
    ngx_http_paylock_key_t     key;
    ngx_http_paylock_table_t  *table;

    table = &feed->pmcf->table;

    if (host->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
    {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_UNFIT,
                                           "unexpected reply to HSCAN");
    }

    ngx_http_paylock_table_field(table, host->str, host->len, &key);

    found = ngx_http_paylock_table_find(table, &key, &applied);
    (void) ngx_http_paylock_table_keep(table, &key);

    why = paylock_host_check(host->str, host->len);

    if (why) {
        ngx_http_paylock_report_reject(feed, "host", host->str, host->len, why);
        ngx_http_paylock_trust_check_found(feed, &key, host, value);
        return NGX_OK;
    }

    why = paylock_record_parse(value->str, value->len, &record);

    if (why) {
        ngx_http_paylock_report_reject(feed, "record of", host->str, host->len,
                                       why);

    } else if (found
               && ngx_memcmp(&record, &applied, sizeof(paylock_record_t)) == 0)
    {
        return NGX_OK;
    }

    seq = paylock_record_seq(value->str, value->len);

    if (seq > feed->cursor.seq) {
        feed->trust->by_hand.newest = ngx_max(seq, feed->trust->by_hand.newest);
        return NGX_OK;
    }

    ngx_http_paylock_trust_check_found(feed, &key, host, value);

    return NGX_OK;
}


static void
ngx_http_paylock_trust_check_found(ngx_http_paylock_feed_t *feed,
    const ngx_http_paylock_key_t *key, const redisReply *host,
    const redisReply *value)
{
    ngx_http_paylock_by_hand_t  *by_hand;

    by_hand = &feed->trust->by_hand;

    if (by_hand->nseen < NGX_HTTP_PAYLOCK_HOSTS / 2) {

        if (ngx_http_paylock_apply_seen(by_hand->seen, key)) {
            return;
        }

        by_hand->nseen++;
    }

    if (by_hand->n++ == 0) {
        by_hand->len = ngx_min((size_t) host->len, sizeof(by_hand->name));
        ngx_memcpy(by_hand->name, host->str, by_hand->len);
    }

    by_hand->set += key->hash
                    ^ ngx_murmur_hash2((u_char *) value->str, value->len);
}


/* All that came during the scan is applied: what it has not shown is gone. */

void
ngx_http_paylock_trust_check_end(void *data, redisReply *reply)
{
    uint64_t                     set;
    ngx_int_t                    rc;
    ngx_http_paylock_feed_t     *feed = data;
    ngx_http_paylock_node_sh_t  *node;
    ngx_http_paylock_by_hand_t  *by_hand;

    node = feed->pmcf->node;
    by_hand = &feed->trust->by_hand;
    set = 0;

    if (ngx_http_paylock_apply_lock(feed) != NGX_OK) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return;
    }

    rc = ngx_http_paylock_table_unnoted(&feed->pmcf->table, &by_hand->bucket,
                                        NGX_HTTP_PAYLOCK_BUCKETS, &by_hand->n,
                                        &set);

    ngx_http_paylock_apply_unlock(feed);

    by_hand->set += set;

    if (rc == NGX_AGAIN) {
        ngx_http_paylock_redis_again(&feed->conn,
                                     ngx_http_paylock_trust_check_end);
        return;
    }

    if (by_hand->newest > feed->cursor.seq) {
        by_hand->n++;
        by_hand->set += by_hand->newest;
    }

    feed->scanning = 0;
    feed->fields = feed->head_fields;

    node->lasted = ngx_http_paylock_schedule_scanned(feed);
    node->scanned = ngx_current_msec;
    node->rejected = feed->rejected;

    ngx_http_paylock_trust_check_tell(feed);

    feed->batch = NGX_HTTP_PAYLOCK_BATCH;
    feed->checked = ngx_current_msec;

    ngx_http_paylock_feed_follow(feed);
}


/* Logs them if they are others than the last time. */

void
ngx_http_paylock_trust_check_tell(ngx_http_paylock_feed_t *feed)
{
    u_char                       name[NGX_HTTP_PAYLOCK_PRINTABLE * 4 + 1];
    ngx_uint_t                   more;
    ngx_http_paylock_node_sh_t  *node;
    ngx_http_paylock_by_hand_t  *by_hand;

    node = feed->pmcf->node;
    by_hand = &feed->trust->by_hand;

    more = by_hand->n > node->unaudited ? by_hand->n - node->unaudited
                                        : by_hand->set != node->by_hand_set;

    if (by_hand->n && by_hand->set != node->by_hand_set) {
        feed->pmcf->counters->n[NGX_HTTP_PAYLOCK_COUNTER_UNAUDITED] += more;

        ngx_http_paylock_printable(name, by_hand->name, by_hand->len);

        ngx_log_error(NGX_LOG_WARN, feed->log, 0,
                      "paylock: %ui records were changed in Redis without an "
                      "entry in \"%s\"%s%s%s; they have no effect; see "
                      "\"paylock-admin audit verify\"", by_hand->n,
                      feed->pmcf->redis.audit,
                      by_hand->len ? ", among them that of \"" : "",
                      name, by_hand->len ? "\"" : "");
    }

    node->unaudited = by_hand->n;
    node->by_hand_set = by_hand->set;
}
