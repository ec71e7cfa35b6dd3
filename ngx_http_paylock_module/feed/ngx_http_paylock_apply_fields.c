
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Applies the fields of a scan to the table.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"
#include "paylock_host.h"


/* closed hosts that may be opened without an entry, between two entries */

#define NGX_HTTP_PAYLOCK_BY_HAND  10


static ngx_int_t ngx_http_paylock_apply_field(ngx_http_paylock_feed_t *feed,
    const redisReply *host, const redisReply *value);
static ngx_http_paylock_belief_e ngx_http_paylock_apply_belief(
    ngx_http_paylock_feed_t *feed);


ngx_int_t
ngx_http_paylock_apply_fields(ngx_http_paylock_feed_t *feed,
    redisReply *fields)
{
    return ngx_http_paylock_apply_page(feed, fields,
                                       ngx_http_paylock_apply_field);
}


ngx_int_t
ngx_http_paylock_apply_page(ngx_http_paylock_feed_t *feed, redisReply *fields,
    ngx_http_paylock_field_pt handler)
{
    size_t     i, end;
    ngx_int_t  rc;

    if (fields->type != REDIS_REPLY_ARRAY || fields->elements % 2) {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_UNFIT,
                                           "unexpected reply to HSCAN");
    }

    rc = ngx_http_paylock_apply_lock(feed);

    if (rc != NGX_OK) {
        return rc;
    }

    end = ngx_min(feed->done + NGX_HTTP_PAYLOCK_FIELDS, fields->elements);

    for (i = feed->done; rc == NGX_OK && i < end; i += 2) {
        rc = handler(feed, fields->element[i], fields->element[i + 1]);
    }

    ngx_http_paylock_apply_unlock(feed);

    /* freeing all fields at once would take too long as well */

    for ( /* void */ ; feed->done < end; feed->done++) {
        freeReplyObject(fields->element[feed->done]);
        fields->element[feed->done] = NULL;
    }

    return rc == NGX_OK && end < fields->elements ? NGX_AGAIN : rc;
}


static ngx_int_t
ngx_http_paylock_apply_field(ngx_http_paylock_feed_t *feed,
    const redisReply *host, const redisReply *value)
{
    const char                *why;
    paylock_record_t           record;
    ngx_http_paylock_key_t     key;
    ngx_http_paylock_table_t  *table;

    table = &feed->pmcf->table;

    if (host->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
    {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_UNFIT,
                                           "unexpected reply to HSCAN");
    }

    why = paylock_host_check(host->str, host->len);

    if (why) {
        ngx_http_paylock_report_reject(feed, "host", host->str, host->len, why);
        feed->without_slot++;
        return NGX_OK;
    }

    ngx_http_paylock_table_field(table, host->str, host->len, &key);

    why = paylock_record_parse(value->str, value->len, &record);

    if (why) {
        ngx_http_paylock_report_reject(feed, "record of", host->str, host->len,
                                      why);
        feed->without_slot += !ngx_http_paylock_table_keep(table, &key);
        return NGX_OK;
    }

    if (ngx_http_paylock_table_note(table, &key, &record) != NGX_OK) {

        /*
         * the zone is full: the next scan tries again, with the slots that this
         * one frees
         */

        ngx_http_paylock_table_keep(table, &key);
        feed->unnoted++;

    } else if (!feed->first) {
        ngx_http_paylock_table_guard(table, &key, host->str, host->len,
                                     ngx_time());
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_paylock_apply_sweep(ngx_http_paylock_feed_t *feed)
{
    ngx_int_t  rc;

    rc = ngx_http_paylock_apply_lock(feed);

    if (rc != NGX_OK) {
        return rc;
    }

    if (!feed->looked) {
        rc = ngx_http_paylock_table_look(&feed->pmcf->table, &feed->sweep,
                                         NGX_HTTP_PAYLOCK_BUCKETS);
        if (rc == NGX_OK) {
            feed->looked = 1;
            feed->sweep.belief = ngx_http_paylock_apply_belief(feed);
            ngx_log_debug2(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                           "paylock feed: looked: %uD hosts seen, %uD would "
                           "be opened",
                           feed->sweep.seen, feed->sweep.lost);

            rc = NGX_AGAIN;
        }

    } else {
        rc = ngx_http_paylock_table_sweep(&feed->pmcf->table, &feed->sweep,
                                          NGX_HTTP_PAYLOCK_BUCKETS);
    }

    ngx_http_paylock_apply_unlock(feed);

    return rc;
}


/*
 * A Redis that lost its data shows many hosts open; a person who edits the hash
 * by hand opens a few.
 */

static ngx_http_paylock_belief_e
ngx_http_paylock_apply_belief(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    if (feed->first || feed->adopted) {
        node->by_hand = 0;
        return NGX_HTTP_PAYLOCK_BELIEVE_ALL;
    }

    if (feed->extends_known && feed->head_fields
        && node->by_hand + feed->sweep.lost + feed->unnoted
           <= NGX_HTTP_PAYLOCK_BY_HAND)
    {
        node->by_hand += feed->sweep.lost;
        return NGX_HTTP_PAYLOCK_BELIEVE_NEW;
    }

    return NGX_HTTP_PAYLOCK_BELIEVE_NONE;
}
