
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Verifies entries as they come, and applies what a signature covers.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <inttypes.h>

#include "ngx_http_paylock_trust.h"
#include "paylock_sign.h"


#define NGX_HTTP_PAYLOCK_FREED  8      /* entries, in a turn */


static void ngx_http_paylock_trust_start(ngx_http_paylock_feed_t *feed);
static ngx_int_t ngx_http_paylock_trust_verify(ngx_http_paylock_feed_t *feed,
    const redisReply *entries);
static ngx_int_t ngx_http_paylock_trust_entry(ngx_http_paylock_feed_t *feed,
    const redisReply *reply);
static void ngx_http_paylock_trust_row(ngx_http_paylock_feed_t *feed,
    size_t n);
static ngx_int_t ngx_http_paylock_trust_apply(ngx_http_paylock_feed_t *feed,
    const redisReply *entries);
static ngx_int_t ngx_http_paylock_trust_free(ngx_http_paylock_feed_t *feed,
    const redisReply *entries);


/*
 * The crypto library takes some milliseconds for what it does the first time:
 * that is not to be in a turn of the feed.
 */

ngx_http_paylock_trust_t *
ngx_http_paylock_trust_create(ngx_cycle_t *cycle,
    ngx_http_paylock_main_conf_t *pmcf)
{
    char                       sig[PAYLOCK_SIG_LEN];
    u_char                     pair[PAYLOCK_PAIR];
    paylock_lattice_t          lattice;
    ngx_http_paylock_trust_t  *trust;

    trust = ngx_pcalloc(cycle->pool, sizeof(ngx_http_paylock_trust_t));

    if (trust == NULL || paylock_lattice_begin(&trust->fold.ctx) != 0) {
        return NULL;
    }

    ngx_memzero(&lattice, sizeof(paylock_lattice_t));
    ngx_memset(sig, '0', sizeof(sig));

    (void) paylock_lattice_pair(&trust->fold.ctx, "", 0, "", 0, pair);
    (void) paylock_lattice_add(&trust->fold.ctx, &lattice, pair);
    (void) paylock_sign_check(pmcf->signers.list.signer[0].public, "", 0, sig);

    return trust;
}


/*
 * First all entries are verified, then those up to the last signature are
 * applied.  What follows it is asked for again, as its signature may come with
 * the next reply.
 */

ngx_int_t
ngx_http_paylock_trust_entries(ngx_http_paylock_feed_t *feed,
    const redisReply *entries)
{
    ngx_int_t                  rc;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    if (entries->elements > NGX_HTTP_PAYLOCK_ROW) {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_UNFIT,
                                           "more entries than asked for");
    }

    if (!trust->checked) {
        rc = ngx_http_paylock_trust_verify(feed, entries);

        if (rc != NGX_OK) {
            return rc;
        }

        ngx_http_paylock_trust_start(feed);
    }

    if (feed->complete) {
        rc = ngx_http_paylock_trust_apply(feed, entries);

        if (rc != NGX_OK) {
            trust->checked = (rc == NGX_AGAIN);
            return rc;
        }

        feed->complete = 0;
    }

    if (ngx_http_paylock_trust_free(feed, entries) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    trust->checked = 0;

    return trust->v.fault.kind == PAYLOCK_FAULT_NONE && !trust->adopted
           ? NGX_OK : NGX_DECLINED;
}


/* All are verified: what is covered is applied now. */

static void
ngx_http_paylock_trust_start(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    trust->checked = 1;
    trust->freed = 0;

    feed->cursor = trust->covered;
    feed->fields = trust->fields;
    feed->complete = trust->n;
    feed->done = trust->folding ? 0 : trust->n;
    feed->order = trust->n == 1 ? PAYLOCK_ORDER_LAST : PAYLOCK_ORDER_FIRST;
    feed->later = 0;
}


static ngx_int_t
ngx_http_paylock_trust_apply(ngx_http_paylock_feed_t *feed,
    const redisReply *entries)
{
    ngx_int_t  rc;

    if (feed->trust->folding) {
        return ngx_http_paylock_trust_scan_entries(feed, entries);
    }

    rc = ngx_http_paylock_apply_verified(feed, entries);

    if (rc != NGX_OK) {
        return rc;
    }

    /* what is in force is that of this entry, also while a scan checks */

    ngx_memcpy(feed->root, feed->trust->v.root, PAYLOCK_HASH_LEN);

    return ngx_http_paylock_apply_commit(feed);
}


static ngx_int_t
ngx_http_paylock_trust_verify(ngx_http_paylock_feed_t *feed,
    const redisReply *entries)
{
    size_t                     end;
    ngx_int_t                  rc;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    if (feed->done == 0) {
        trust->n = 0;
        trust->adopted = 0;
        trust->fields = feed->fields;
    }

    end = ngx_min(feed->done + NGX_HTTP_PAYLOCK_ENTRIES, entries->elements);

    for (rc = NGX_OK; rc == NGX_OK && feed->done < end; feed->done++) {
        rc = ngx_http_paylock_trust_entry(feed, entries->element[feed->done]);
    }

    if (rc == NGX_OK && end < entries->elements) {
        return NGX_AGAIN;
    }

    if (rc == NGX_OK && trust->v.covered != trust->v.seq) {
        ngx_http_paylock_trust_row(feed, entries->elements);
    }

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: %uz of %uz entries are signed, up to %uL",
                   trust->n, entries->elements, trust->covered.seq);

    return NGX_OK;
}


/* NGX_DECLINED: nothing behind it is looked at. */

static ngx_int_t
ngx_http_paylock_trust_entry(ngx_http_paylock_feed_t *feed,
    const redisReply *reply)
{
    const char                *why;
    paylock_entry_t            entry;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    why = paylock_entry_read(reply, &entry);

    if (why) {
        (void) paylock_verify_unreadable(&trust->v, why);
        return NGX_DECLINED;
    }

    if (!trust->folding && ngx_http_paylock_trust_waits(feed, &entry)) {
        ngx_http_paylock_trust_from(feed);
        return NGX_DECLINED;
    }

    if (paylock_verify_entry(&trust->v, &entry) != 0
        || (!trust->folding
            && ngx_http_paylock_trust_limits(feed, &entry) != NGX_OK))
    {
        return NGX_DECLINED;
    }

    if (paylock_verify_is(&entry, "adopt")
        && trust->v.covered == entry.seq)
    {
        trust->adopted = 1;
        return NGX_DECLINED;
    }

    feed->fields += ngx_http_paylock_chain_adds(&entry);

    if (trust->v.covered == entry.seq) {
        ngx_http_paylock_chain_cursor(&trust->covered, &entry);
        trust->fields = feed->fields;
        trust->n = feed->done + 1;
    }

    return NGX_OK;
}


/*
 * The last entries of the reply are not signed.  As a transaction takes effect
 * at once, that can only be because the reply is full.
 */

static void
ngx_http_paylock_trust_row(ngx_http_paylock_feed_t *feed, size_t n)
{
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    if (n < trust->want || (trust->n == 0 && n == NGX_HTTP_PAYLOCK_ROW)) {
        (void) paylock_verify_bad(&trust->v, PAYLOCK_FAULT_SIGNATURE,
                                  trust->v.seq, "entry %" PRIu64 " is the last "
                                  "of its transaction and is not signed",
                                  trust->v.seq);
        return;
    }

    if (trust->n == 0) {
        trust->want = NGX_HTTP_PAYLOCK_ROW;

        ngx_http_paylock_redis_expect(&feed->conn, NGX_HTTP_PAYLOCK_ROW
                                                   * PAYLOCK_ENTRY_PAIRS);
    }

    ngx_http_paylock_trust_from(feed);
}


void
ngx_http_paylock_trust_from(ngx_http_paylock_feed_t *feed)
{
    char                        root[PAYLOCK_HASH_LEN + 1];
    ngx_http_paylock_trust_t   *trust;
    ngx_http_paylock_cursor_t  *at;

    trust = feed->trust;
    at = &trust->covered;

    ngx_memcpy(root, trust->v.root, sizeof(root));

    paylock_verify_from(&trust->v, at->seq, at->hash, root);
}


/* Entries are large: to free all of a reply at once would take too long. */

static ngx_int_t
ngx_http_paylock_trust_free(ngx_http_paylock_feed_t *feed,
    const redisReply *entries)
{
    size_t                     end;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;
    end = ngx_min(trust->freed + NGX_HTTP_PAYLOCK_FREED, entries->elements);

    for ( /* void */ ; trust->freed < end; trust->freed++) {
        freeReplyObject(entries->element[trust->freed]);
        entries->element[trust->freed] = NULL;
    }

    return end < entries->elements ? NGX_AGAIN : NGX_OK;
}
