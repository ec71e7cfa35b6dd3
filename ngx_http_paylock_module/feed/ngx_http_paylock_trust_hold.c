
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What contradicts the signers changes nothing: one alert, until it is over.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_trust.h"


/* milliseconds */

#define NGX_HTTP_PAYLOCK_HOLD_REST  200    /* between attempts, at least */
#define NGX_HTTP_PAYLOCK_HOLD_LOOK  5000   /* at the head, at the latest */


static void ngx_http_paylock_trust_hold_begin(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_trust_hold_tell(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_trust_wait(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_trust_again(void *data, redisReply *reply);
static ngx_uint_t ngx_http_paylock_trust_is_new(ngx_http_paylock_feed_t *feed);


void
ngx_http_paylock_trust_hold(ngx_http_paylock_feed_t *feed, const char *fmt,
    ...)
{
    u_char                    *p, *last;
    va_list                    args;
    u_char                     text[sizeof(feed->trust->why)];
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;
    last = text + sizeof(text) - 1;

    va_start(args, fmt);
    last = ngx_vslprintf(text, last, fmt, args);
    va_end(args);

    *last = '\0';

    for (p = text; p < last; p++) {
        *p = *p >= 0x20 && *p < 0x7f ? *p : '?';
    }

    ngx_memcpy(trust->why, text, last - text + 1);

    ngx_http_paylock_trust_hold_begin(feed);
    ngx_http_paylock_report_state(feed, NGX_HTTP_PAYLOCK_NODE_DIVERGED);
    ngx_http_paylock_trust_hold_tell(feed);
    ngx_http_paylock_node_report(feed);
    ngx_http_paylock_trust_wait(feed);
}


void
ngx_http_paylock_trust_hold_empty(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    (void) ngx_snprintf((u_char *) trust->why, sizeof(trust->why),
                        "there is no \"%s\" in Redis%Z",
                        feed->pmcf->redis.audit);

    ngx_http_paylock_trust_hold_begin(feed);

    if (ngx_http_paylock_trust_is_new(feed)) {
        ngx_log_error(NGX_LOG_WARN, feed->log, 0,
                      "paylock: %s; run \"paylock-admin init\"", trust->why);
    }

    ngx_http_paylock_node_report(feed);
    ngx_http_paylock_trust_wait(feed);
}


static void
ngx_http_paylock_trust_hold_begin(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    ngx_http_paylock_trust_scan_end(feed);

    feed->backoff = NGX_HTTP_PAYLOCK_BACKOFF_MIN;
    feed->pmcf->node->answered = ngx_current_msec;

    trust->holding = 1;
    trust->resting = 1;
    trust->tried = ngx_current_msec;
    trust->rest = ngx_max((trust->tried - trust->began) * 10,
                          NGX_HTTP_PAYLOCK_HOLD_REST);
}


static void
ngx_http_paylock_trust_hold_tell(ngx_http_paylock_feed_t *feed)
{
    if (!ngx_http_paylock_trust_is_new(feed)) {
        return;
    }

    if (!feed->pmcf->node->synced) {
        ngx_log_error(NGX_LOG_ALERT, feed->log, 0,
                      "paylock: nothing of what Redis at %V shows is in force, "
                      "\"paylock_default\" applies: %s; see \"paylock-admin "
                      "audit verify\" and \"paylock-admin adopt\"",
                      &feed->pmcf->redis.name, feed->trust->why);
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, feed->log, 0,
                  "paylock: what Redis at %V shows is not in force, %uD "
                  "records stay as they were: %s; see \"paylock-admin audit "
                  "verify\" and \"paylock-admin adopt\"",
                  &feed->pmcf->redis.name, feed->pmcf->table.sh->count,
                  feed->trust->why);
}


/* Each reason is told once, until entries are followed again. */

static ngx_uint_t
ngx_http_paylock_trust_is_new(ngx_http_paylock_feed_t *feed)
{
    uint32_t                    hash;
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    hash = ngx_murmur_hash2((u_char *) feed->trust->why,
                            ngx_strlen(feed->trust->why)) | 1;

    if (node->refused == hash) {
        return 0;
    }

    node->refused = hash;

    return 1;
}


/*
 * At first it rests, for ten times as long as the attempt took: no entry has
 * the highest number.  Then any new entry is a reason to try again.
 */

static void
ngx_http_paylock_trust_wait(ngx_http_paylock_feed_t *feed)
{
    ngx_msec_t                 passed, block;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;
    passed = ngx_current_msec - trust->tried;

    block = trust->resting ? trust->rest : feed->pmcf->reconcile;
    block = passed < block ? block - passed : 1;

    feed->cursor.seq = trust->resting || feed->head_invalid
                       ? UINT64_MAX : trust->head.seq;

    ngx_http_paylock_feed_ask_entries(feed, ngx_min(block,
                                                 NGX_HTTP_PAYLOCK_HOLD_LOOK));
}


void
ngx_http_paylock_trust_woken(ngx_http_paylock_feed_t *feed, ngx_uint_t entries)
{
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    feed->pmcf->node->answered = ngx_current_msec;

    if (trust->resting) {
        trust->resting = ngx_current_msec - trust->tried < trust->rest;

        ngx_http_paylock_node_report(feed);
        ngx_http_paylock_trust_wait(feed);
        return;
    }

    ngx_http_paylock_head_ask(feed, entries ? ngx_http_paylock_trust_resume
                                            : ngx_http_paylock_trust_again);
}


/* Another attempt is of use if the head is another, or now and then. */

static void
ngx_http_paylock_trust_again(void *data, redisReply *reply)
{
    int64_t                     fields;
    ngx_http_paylock_feed_t    *feed = data;
    ngx_http_paylock_trust_t   *trust;
    ngx_http_paylock_cursor_t   head;

    trust = feed->trust;

    if (ngx_http_paylock_head_read(feed, reply, &head, &fields) != NGX_OK) {
        return;
    }

    if (ngx_current_msec - trust->tried >= feed->pmcf->reconcile
        || ngx_memcmp(&head, &trust->head, sizeof(head)) != 0)
    {
        ngx_http_paylock_trust_resume(feed, reply);
        return;
    }

    ngx_http_paylock_node_report(feed);
    ngx_http_paylock_trust_wait(feed);
}
