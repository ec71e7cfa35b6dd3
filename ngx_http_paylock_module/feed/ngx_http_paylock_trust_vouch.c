
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Walks back from the head to an entry whose root counts by itself.  A signer
 * who may not do everything vouches for no more than follows from there.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <inttypes.h>

#include "ngx_http_paylock_trust.h"


static void ngx_http_paylock_trust_vouch_ask(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_trust_vouch_asked(void *data, redisReply *reply);
static void ngx_http_paylock_trust_vouch_walk(void *data, redisReply *reply);
static ngx_int_t ngx_http_paylock_trust_vouch_step(
    ngx_http_paylock_feed_t *feed, const redisReply *reply);
static ngx_int_t ngx_http_paylock_trust_vouch_bad(
    ngx_http_paylock_feed_t *feed);


ngx_int_t
ngx_http_paylock_trust_vouch_head(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry)
{
    int                        rc;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    paylock_vouch_free(&trust->vouch);
    paylock_vouch_begin(&trust->vouch, &trust->fold.ctx, trust->v.chain,
                        feed->pmcf->signers.realm, &feed->pmcf->signers.list,
                        trust->head.seq, trust->head.hash);

    rc = paylock_vouch_back(&trust->vouch, entry);
    trust->vouched = (rc == 0);

    return rc == -1 ? ngx_http_paylock_trust_vouch_bad(feed) : NGX_OK;
}


void
ngx_http_paylock_trust_vouch(ngx_http_paylock_feed_t *feed)
{
    if (feed->trust->vouched) {
        ngx_http_paylock_trust_scan(feed);
        return;
    }

    ngx_http_paylock_trust_vouch_ask(feed);
}


static void
ngx_http_paylock_trust_vouch_ask(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;
    trust->back_asked = trust->vouch.seq;

    ngx_http_paylock_feed_ask_back(feed, trust->vouch.seq, feed->batch,
                                   ngx_http_paylock_trust_vouch_asked);
}


static void
ngx_http_paylock_trust_vouch_asked(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t  *feed = data;

    if (reply->type != REDIS_REPLY_ARRAY) {
        ngx_http_paylock_feed_unfit(feed, "unexpected reply to XREVRANGE");
        return;
    }

    feed->done = 0;
    feed->pmcf->node->answered = ngx_current_msec;

    ngx_http_paylock_node_report(feed);

    ngx_http_paylock_trust_vouch_walk(feed, reply);
}


static void
ngx_http_paylock_trust_vouch_walk(void *data, redisReply *reply)
{
    size_t                     end;
    ngx_int_t                  rc;
    ngx_http_paylock_feed_t   *feed = data;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;
    end = ngx_min(feed->done + NGX_HTTP_PAYLOCK_ENTRIES, reply->elements);

    for (rc = NGX_AGAIN; rc == NGX_AGAIN && feed->done < end; feed->done++) {
        rc = ngx_http_paylock_trust_vouch_step(feed,
                                               reply->element[feed->done]);
    }

    if (rc == NGX_OK) {
        ngx_log_debug2(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                       "paylock feed: the root of entry %uL counts by itself, "
                       "before %uL", trust->vouch.base, trust->head.seq);

        ngx_http_paylock_trust_scan(feed);
        return;
    }

    if (rc == NGX_AGAIN && end < reply->elements) {
        ngx_http_paylock_redis_again(&feed->conn,
                                     ngx_http_paylock_trust_vouch_walk);
        return;
    }

    if (rc == NGX_AGAIN && trust->vouch.seq != trust->back_asked) {
        ngx_http_paylock_trust_vouch_ask(feed);
        return;
    }

    if (rc == NGX_AGAIN) {
        (void) paylock_verify_bad(&trust->v, PAYLOCK_FAULT_GAP,
                                  trust->vouch.seq, "the stream does not hold "
                                  "the entry before entry %" PRIu64 ", and "
                                  "nobody vouches for it who may adopt",
                                  trust->vouch.seq + 1);
    }

    ngx_http_paylock_trust_refuse(feed, trust->v.fault.text);
}


/* NGX_OK: its root counts; NGX_AGAIN: go on; NGX_DECLINED: v.fault says why */

static ngx_int_t
ngx_http_paylock_trust_vouch_step(ngx_http_paylock_feed_t *feed,
    const redisReply *reply)
{
    int               rc;
    paylock_entry_t   entry;
    paylock_vouch_t  *vouch;

    vouch = &feed->trust->vouch;

    /* what is no entry is in nobody's way, as if it were not there */

    if (paylock_entry_read(reply, &entry) != NULL) {
        return NGX_AGAIN;
    }

    rc = paylock_vouch_back(vouch, &entry);

    return rc == 0 ? NGX_OK
           : rc == 1 ? NGX_AGAIN : ngx_http_paylock_trust_vouch_bad(feed);
}


static ngx_int_t
ngx_http_paylock_trust_vouch_bad(ngx_http_paylock_feed_t *feed)
{
    feed->trust->v.fault = feed->trust->vouch.v.fault;

    return NGX_DECLINED;
}
