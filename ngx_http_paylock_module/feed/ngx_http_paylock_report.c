
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"
#include "ngx_http_paylock_log.h"
#include "paylock_host.h"


#define NGX_HTTP_PAYLOCK_STALE_AFTER  10000
#define NGX_HTTP_PAYLOCK_NAMES        1024   /* bytes of names in one line */

/* the commands that the feed uses */

#define NGX_HTTP_PAYLOCK_RIGHTS                                               \
    "+auth +select +client|setname +multi +exec +role +time +hlen +hscan "    \
    "+xread +xrange +xrevrange"


static ngx_uint_t ngx_http_paylock_report_is_new(
    ngx_http_paylock_node_sh_t *node, const char *why);
static void ngx_http_paylock_report_refusal(ngx_http_paylock_feed_t *feed,
    const char *why);
static u_char *ngx_http_paylock_report_held(ngx_http_paylock_feed_t *feed,
    u_char *p, u_char *last);


/* The state is in the zone, so that a change is logged by one worker only. */

void
ngx_http_paylock_report_state(ngx_http_paylock_feed_t *feed,
    ngx_http_paylock_node_state_e state)
{
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    if (node->state == state) {
        return;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: state %s, was %s",
                   ngx_http_paylock_node_states[state],
                   ngx_http_paylock_node_states[node->state]);

    node->state = state;

    switch (state) {

    case NGX_HTTP_PAYLOCK_NODE_LIVE:
        ngx_log_error(NGX_LOG_NOTICE, feed->log, 0,
                      "paylock: live, %uD records, entry %uL%s",
                      feed->pmcf->table.sh->count, feed->cursor.seq,
                      feed->replica ? ", from a replica" : "");
        break;

    case NGX_HTTP_PAYLOCK_NODE_STALE:
        ngx_log_error(NGX_LOG_ERR, feed->log, 0,
                      "paylock: stale, no good answer from Redis for %M ms",
                      ngx_current_msec - node->answered);
        break;

    default:
        break;
    }
}


void
ngx_http_paylock_report_age(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    if (node->synced
        && ngx_current_msec - node->answered > NGX_HTTP_PAYLOCK_STALE_AFTER)
    {
        ngx_http_paylock_report_state(feed, NGX_HTTP_PAYLOCK_NODE_STALE);
    }
}


/* Logs each reason once in an outage. */

void
ngx_http_paylock_report_failure(ngx_http_paylock_feed_t *feed, const char *why)
{
    ngx_str_t                   *name;
    ngx_uint_t                   level;
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;
    name = &feed->pmcf->redis.name;

    if (!ngx_http_paylock_report_is_new(node, why)) {
        return;
    }

    level = (node->synced && (feed->error == NGX_HTTP_PAYLOCK_FEED_LOST
                              || feed->error == NGX_HTTP_PAYLOCK_FEED_UNFIT))
            || (!node->synced && node->alerted)
            ? NGX_LOG_ERR : NGX_LOG_ALERT;

    node->alerted |= feed->error;

    if (feed->error == NGX_HTTP_PAYLOCK_FEED_REFUSED) {
        ngx_http_paylock_report_refusal(feed, why);

    } else if (!node->synced) {
        ngx_log_error(level, feed->log, 0,
                      "paylock: Redis at %V: %s; nothing is known yet, "
                      "\"paylock_default\" applies until it answers",
                      name, why);

    } else {
        ngx_log_error(level, feed->log, 0,
                      "paylock: Redis at %V: %s; %uD records stay in force",
                      name, why, feed->pmcf->table.sh->count);
    }
}


/*
 * Is the reason new in this outage?  Digits, such as the number of an entry,
 * are ignored.
 */

static ngx_uint_t
ngx_http_paylock_report_is_new(ngx_http_paylock_node_sh_t *node,
    const char *why)
{
    uint32_t    hash;
    ngx_uint_t  i;

    for (hash = 0; *why; why++) {
        if (*why < '0' || *why > '9') {
            hash = ngx_hash(hash, (u_char) *why);
        }
    }

    if (node->alerted == 0) {
        node->ntold = 0;
    }

    for (i = 0; i < node->ntold; i++) {
        if (node->told[i] == hash) {
            return 0;
        }
    }

    if (node->ntold == NGX_HTTP_PAYLOCK_TOLD) {
        return 0;
    }

    node->told[node->ntold++] = hash;

    return 1;
}


static void
ngx_http_paylock_report_refusal(ngx_http_paylock_feed_t *feed, const char *why)
{
    ngx_http_paylock_redis_conf_t  *redis;

    redis = &feed->pmcf->redis;

    if (ngx_strncmp(why, "NOPERM", sizeof("NOPERM") - 1) == 0) {
        ngx_log_error(NGX_LOG_ALERT, feed->log, 0,
                      "paylock: Redis at %V refuses user \"%s\": %s; it needs "
                      "%%R~%s %%R~%s " NGX_HTTP_PAYLOCK_RIGHTS ", see "
                      "\"paylock-admin init --acl\"; %uD records stay in "
                      "force", &redis->name,
                      redis->user ? redis->user : "default", why,
                      redis->locks, redis->audit,
                      feed->pmcf->table.sh->count);
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, feed->log, 0,
                  "paylock: Redis at %V refuses user \"%s\": %s; correct the "
                  "user name or the password of \"paylock_redis\"; %uD "
                  "records stay in force", &redis->name,
                  redis->user ? redis->user : "default", why,
                  feed->pmcf->table.sh->count);
}


void
ngx_http_paylock_report_scan(ngx_http_paylock_feed_t *feed)
{
    u_char                       names[NGX_HTTP_PAYLOCK_NAMES];
    ngx_uint_t                   level;
    const char                  *stream;
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;
    stream = feed->pmcf->redis.audit;

    *ngx_http_paylock_report_held(feed, names, names + sizeof(names) - 1) = 0;

    if (!feed->extends_known && !feed->first
        && feed->cursor.seq == 0 && node->gone && feed->sweep.lost == 0)
    {
        /* the loss of the stream was logged when it happened */

    } else if (!feed->extends_known && !feed->first) {
        node->gone = (feed->cursor.seq == 0);
        level = feed->adopted ? NGX_LOG_WARN : NGX_LOG_ALERT;

        ngx_log_error(level, feed->log, 0,
                      "paylock: \"%s\" in Redis ends with entry %uL and does "
                      "not go on from entry %uL known here; %s%uD hosts "
                      "that it shows open or not at all%s%s%s",
                      stream, feed->cursor.seq, node->cursor.seq,
                      feed->adopted ? "it was adopted, and " : "",
                      feed->pmcf->table.sh->held,
                      feed->sweep.revoked ? ", or with revoked passes good, "
                                            "stay as they were"
                                          : " stay closed",
                      names,
                      feed->pmcf->table.sh->held
                      ? "; see \"paylock-admin adopt\"" : "");

    } else if (feed->sweep.lost
               && feed->sweep.belief == NGX_HTTP_PAYLOCK_BELIEVE_NONE)
    {
        ngx_log_error(NGX_LOG_ALERT, feed->log, 0,
                      "paylock: without an entry in \"%s\" Redis shows %uD "
                      "closed hosts open or not at all%s%s; see "
                      "\"paylock-admin adopt\"", stream, feed->sweep.lost,
                      feed->sweep.revoked ? ", or revoked passes good; they "
                                            "stay as they were"
                                          : "; they stay closed",
                      names);

    } else if (feed->sweep.changed && !feed->first && !feed->missed_entries
               && !feed->adopted)
    {
        feed->pmcf->counters->n[NGX_HTTP_PAYLOCK_COUNTER_UNAUDITED] +=
                                                          feed->sweep.changed;

        ngx_log_error(NGX_LOG_WARN, feed->log, 0,
                      "paylock: %uD records were changed in Redis without an "
                      "entry in \"%s\"", feed->sweep.changed, stream);
    }

    if (feed->cursor.seq == 0 && feed->first && !feed->head_invalid) {
        ngx_log_error(NGX_LOG_WARN, feed->log, 0,
                      "paylock: there is no \"%s\" in Redis; run "
                      "\"paylock-admin init\"", stream);
    }
}


/* The names of held hosts that are among those changed last. */

static u_char *
ngx_http_paylock_report_held(ngx_http_paylock_feed_t *feed, u_char *p,
    u_char *last)
{
    u_char                       text[NGX_HTTP_PAYLOCK_PRINTABLE * 4 + 1];
    ngx_uint_t                   i, n;
    const char                  *lead;
    ngx_http_paylock_key_t       key;
    ngx_http_paylock_recent_t   *recent;
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;
    lead = ", among them: ";

    if (feed->pmcf->table.sh->held == 0) {
        return p;
    }

    for (n = ngx_min(node->nrecent, NGX_HTTP_PAYLOCK_RECENT), i = 0; i < n; i++)
    {
        recent = &node->recent[i];

        ngx_http_paylock_table_field(&feed->pmcf->table, recent->name,
                                     recent->len, &key);

        if (!ngx_http_paylock_table_held(&feed->pmcf->table, &key)) {
            continue;
        }

        ngx_http_paylock_printable(text, recent->name, recent->len);

        p = ngx_slprintf(p, last, "%s%s", lead, text);
        lead = ", ";
    }

    return p;
}


/* Logs one line a second at most. */

void
ngx_http_paylock_report_reject(ngx_http_paylock_feed_t *feed,
    const char *what, const char *host, size_t len, const char *why)
{
    char     form[PAYLOCK_HOST_MAX + 1];
    size_t   right;
    u_char   name[NGX_HTTP_PAYLOCK_PRINTABLE * 4 + 1];

    feed->rejected++;

    if (feed->reject_logged == ngx_time()) {
        return;
    }

    feed->reject_logged = ngx_time();

    ngx_http_paylock_printable(name, host, len);
    right = paylock_host_right_form(host, len, form);

    ngx_log_error(NGX_LOG_WARN, feed->log, 0,
                  "paylock: %s \"%s\" in \"%s\" %s and was ignored%s%*s%s",
                  what, name, feed->pmcf->redis.locks, why,
                  right ? "; the right form is \"" : "", right, form,
                  right ? "\"" : "");
}
