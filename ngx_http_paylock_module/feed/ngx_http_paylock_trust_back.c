
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Walks back from the head, over the hashes that it covers, to what is known
 * here or pinned, or to an adopt that gave it up.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_trust.h"


static void ngx_http_paylock_trust_back_ask(ngx_http_paylock_feed_t *feed);
static ngx_int_t ngx_http_paylock_trust_back_known(
    ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_trust_backed(void *data, redisReply *reply);
static void ngx_http_paylock_trust_walk(void *data, redisReply *reply);
static void ngx_http_paylock_trust_walked(ngx_http_paylock_feed_t *feed,
    ngx_int_t rc);
static ngx_int_t ngx_http_paylock_trust_step(ngx_http_paylock_feed_t *feed,
    const redisReply *reply);
static void ngx_http_paylock_trust_skip(ngx_http_paylock_trust_t *trust,
    const paylock_entry_t *entry);
static ngx_uint_t ngx_http_paylock_trust_archived(
    ngx_http_paylock_feed_t *feed);
static ngx_uint_t ngx_http_paylock_trust_gives_up(
    ngx_http_paylock_feed_t *feed, const paylock_entry_t *entry,
    const paylock_adopt_t *adopt);


void
ngx_http_paylock_trust_back(ngx_http_paylock_feed_t *feed,
    const ngx_http_paylock_cursor_t *target)
{
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    trust->target = *target;
    trust->archive.seq = 0;
    trust->extends |= !trust->to_pin;
    trust->back_seq = trust->head.seq;
    ngx_memcpy(trust->back_hash, trust->head.hash, PAYLOCK_HASH_LEN);

    ngx_http_paylock_trust_back_ask(feed);
}


static void
ngx_http_paylock_trust_back_ask(ngx_http_paylock_feed_t *feed)
{
    ngx_int_t                  rc;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    rc = ngx_http_paylock_trust_back_known(feed);

    if (rc != NGX_AGAIN) {
        ngx_http_paylock_trust_walked(feed, rc);
        return;
    }

    trust->back_asked = trust->back_seq;

    ngx_http_paylock_feed_ask_back(feed, trust->back_seq,
                                   trust->skipping ? 1 : feed->batch,
                                   ngx_http_paylock_trust_backed);
}


/*
 * Is the next entry on the way the one that is looked for?  NGX_AGAIN: it is a
 * later one.  What gives up an entry has a higher number.
 */

static ngx_int_t
ngx_http_paylock_trust_back_known(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_trust_t   *trust;
    ngx_http_paylock_cursor_t  *known;

    trust = feed->trust;
    known = &trust->target;

    if (trust->back_seq > known->seq) {
        return NGX_AGAIN;
    }

    return trust->back_seq == known->seq
           && ngx_memcmp(trust->head.chain, known->chain, PAYLOCK_CHAIN_LEN)
              == 0
           && ngx_memcmp(trust->back_hash, known->hash, PAYLOCK_HASH_LEN) == 0
           ? NGX_OK : NGX_DECLINED;
}


static void
ngx_http_paylock_trust_backed(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t  *feed = data;

    if (reply->type != REDIS_REPLY_ARRAY) {
        ngx_http_paylock_feed_unfit(feed, "unexpected reply to XREVRANGE");
        return;
    }

    feed->done = 0;
    feed->pmcf->node->answered = ngx_current_msec;

    ngx_http_paylock_trust_walk(feed, reply);
}


static void
ngx_http_paylock_trust_walk(void *data, redisReply *reply)
{
    size_t                    end;
    ngx_int_t                 rc;
    ngx_http_paylock_feed_t  *feed = data;

    end = ngx_min(feed->done + NGX_HTTP_PAYLOCK_ENTRIES, reply->elements);

    for (rc = NGX_AGAIN; rc == NGX_AGAIN && feed->done < end; feed->done++) {
        rc = ngx_http_paylock_trust_step(feed, reply->element[feed->done]);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_paylock_trust_walked(feed, rc);
        return;
    }

    if (end < reply->elements) {
        ngx_http_paylock_redis_again(&feed->conn, ngx_http_paylock_trust_walk);
        return;
    }

    /* the way is not there: who can cut the stream must gain nothing by it */

    if (reply->elements < (feed->trust->skipping ? 1 : feed->batch)
        || feed->trust->back_seq == feed->trust->back_asked)
    {
        ngx_http_paylock_trust_walked(feed,
                                      ngx_http_paylock_trust_archived(feed)
                                      ? NGX_DONE : NGX_DECLINED);
        return;
    }

    ngx_http_paylock_trust_back_ask(feed);
}


/*
 * Does the way end where a signed entry says that what is before is archived,
 * and may that hold what is looked for?
 */

static ngx_uint_t
ngx_http_paylock_trust_archived(ngx_http_paylock_feed_t *feed)
{
    const char                 *hash;
    ngx_http_paylock_trust_t   *trust;
    ngx_http_paylock_cursor_t  *known;

    trust = feed->trust;
    known = &feed->trust->target;

    if (trust->archive.seq == 0
        || trust->archive.seq != trust->back_seq
        || ngx_memcmp(trust->archive.hash, trust->back_hash, PAYLOCK_HASH_LEN)
           != 0)
    {
        return 0;
    }

    hash = paylock_archive_hash(&trust->archive, known->seq);

    if (ngx_memcmp(trust->head.chain, known->chain, PAYLOCK_CHAIN_LEN) != 0
        || (hash && ngx_memcmp(hash, known->hash, PAYLOCK_HASH_LEN) != 0))
    {
        return 0;
    }

    ngx_log_error(NGX_LOG_INFO, feed->log, 0,
                  "paylock: entry %uL, which is looked for, is archived",
                  known->seq);

    return 1;
}


/*
 * NGX_OK: what is looked for is there.  NGX_DONE: it need not be.
 * NGX_DECLINED: it is not.
 */

static void
ngx_http_paylock_trust_walked(ngx_http_paylock_feed_t *feed, ngx_int_t rc)
{
    ngx_http_paylock_trust_t   *trust;
    ngx_http_paylock_cursor_t   target;

    trust = feed->trust;

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: walked back from %uL to %uL: %i",
                   trust->head.seq, trust->back_seq, rc);

    /* step by step, all is seen that excuses a pin */

    if (rc == NGX_DECLINED && trust->skipping) {
        target = trust->target;
        trust->skipping = 0;
        ngx_http_paylock_trust_back(feed, &target);
        return;
    }

    if (trust->to_pin) {
        ngx_http_paylock_trust_pin_walked(feed, rc != NGX_DECLINED);
        return;
    }

    trust->extends &= rc == NGX_OK;

    if (rc == NGX_DONE || (rc == NGX_OK && trust->why[0] == '\0')) {
        ngx_http_paylock_trust_pins(feed);
        return;
    }

    if (trust->why[0] == '\0') {
        ngx_http_paylock_trust_hold(feed, "\"%s\" does not go on from entry "
                                    "%uL, which is known here, and no signer "
                                    "gave that up", feed->pmcf->redis.audit,
                                    feed->pmcf->node->cursor.seq);
        return;
    }

    ngx_http_paylock_trust_refuse(feed, NULL);
}


/* A step of the walk; NGX_AGAIN: there is more of it. */

static ngx_int_t
ngx_http_paylock_trust_step(ngx_http_paylock_feed_t *feed,
    const redisReply *reply)
{
    paylock_entry_t            entry;
    paylock_adopt_t            adopt;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    if (paylock_entry_read(reply, &entry) != NULL) {
        return NGX_AGAIN;
    }

    /* the last one decides, even if it is given up */

    if (trust->archive.seq == 0
        && !paylock_verify_tells(&entry, feed->pmcf->signers.realm,
                                 &feed->pmcf->signers.list, &trust->archive))
    {
        trust->archive.seq = 0;
    }

    /* of what an adopt gives up, the hashes are not followed */

    if (entry.seq > trust->back_seq) {
        return NGX_AGAIN;
    }

    if (entry.seq < trust->back_seq || paylock_entry_intact(&entry) != 1
        || ngx_memcmp(entry.field[PAYLOCK_AUDIT_HASH].data, trust->back_hash,
                      PAYLOCK_HASH_LEN)
           != 0)
    {
        return NGX_DECLINED;
    }

    trust->back_seq = entry.seq - 1;
    ngx_memcpy(trust->back_hash, entry.field[PAYLOCK_AUDIT_PREV].data,
               PAYLOCK_HASH_LEN);

    if (paylock_verify_is(&entry, "adopt")) {

        if (paylock_adopt_read(&entry, &adopt) != NULL) {
            return NGX_DECLINED;
        }

        /* it may have put records back */

        trust->extends &= trust->to_pin;

        /* it has to give up each pin that it passes over */

        if (trust->to_pin && adopt.seq < trust->target.seq) {
            return ngx_http_paylock_trust_alone(feed, &entry) ? NGX_DONE
                                                              : NGX_DECLINED;
        }

        if (!trust->to_pin && trust->unfit && entry.seq > trust->unfit
            && ngx_http_paylock_trust_alone(feed, &entry))
        {
            return NGX_DONE;
        }

        if (!trust->to_pin
            && ngx_http_paylock_trust_gives_up(feed, &entry, &adopt))
        {
            ngx_log_error(NGX_LOG_INFO, feed->log, 0,
                          "paylock: entry %uL gives up entry %uL, which was "
                          "known here", entry.seq,
                          feed->pmcf->node->cursor.seq);
            return NGX_DONE;
        }

        trust->back_seq = adopt.seq;
        ngx_memcpy(trust->back_hash, adopt.stays, PAYLOCK_HASH_LEN);

    } else {
        ngx_http_paylock_trust_skip(trust, &entry);
    }

    return ngx_http_paylock_trust_back_known(feed);
}


/* Takes the far step, if it does not lead past what is looked for. */

static void
ngx_http_paylock_trust_skip(ngx_http_paylock_trust_t *trust,
    const paylock_entry_t *entry)
{
    uint64_t  to;

    to = paylock_skip_target(entry->seq);

    if (trust->skipping && to >= trust->target.seq) {
        trust->back_seq = to;
        ngx_memcpy(trust->back_hash, entry->field[PAYLOCK_AUDIT_SKIP].data,
                   PAYLOCK_HASH_LEN);
    }
}


/* Does a signer who counts give up what is known here? */

static ngx_uint_t
ngx_http_paylock_trust_gives_up(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry, const paylock_adopt_t *adopt)
{
    ngx_uint_t                  other;
    ngx_http_paylock_cursor_t  *known;

    known = &feed->trust->target;

    /* is it not what stays: beyond it, of another chain, of the same number? */

    other = known->seq > adopt->seq
            || ngx_memcmp(feed->trust->head.chain, known->chain,
                          PAYLOCK_CHAIN_LEN)
               != 0
            || (known->seq == adopt->last
                && ngx_memcmp(known->hash, adopt->hash, PAYLOCK_HASH_LEN) == 0);

    return known->seq < entry->seq
           && other
           && paylock_adopt_gives_up(adopt, known->chain, known->seq)
           && ngx_http_paylock_trust_alone(feed, entry);
}


ngx_uint_t
ngx_http_paylock_trust_alone(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry)
{
    int                rc;
    char               chain[PAYLOCK_CHAIN_LEN + 1];
    paylock_verify_t   v;

    (void) ngx_cpystrn((u_char *) chain, (u_char *) feed->trust->head.chain,
                       sizeof(chain));

    paylock_verify_begin(&v, chain, feed->pmcf->signers.realm,
                         &feed->pmcf->signers.list);

    rc = paylock_verify_head(&v, entry);

    paylock_verify_free(&v);

    return rc == 0;
}
