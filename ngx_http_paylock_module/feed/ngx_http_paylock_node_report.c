
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What this nginx reports of itself in Redis.  Reports go with the feed's
 * commands; that Redis refuses them is logged and does no harm.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"
#include "ngx_http_paylock_log.h"
#include "paylock_node.h"
#include "paylock_version.h"


/* milliseconds between two reports at least */

#define NGX_HTTP_PAYLOCK_NODE_PAUSE  20


static ngx_msec_t ngx_http_paylock_node_due(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_node_complain(ngx_http_paylock_feed_t *feed);


ngx_int_t
ngx_http_paylock_node_clock(ngx_http_paylock_feed_t *feed,
    const redisReply *time)
{
    off_t        sec, usec;
    int64_t      redis;
    ngx_time_t  *tp;

    if (time->type != REDIS_REPLY_ARRAY || time->elements != 2
        || time->element[0]->type != REDIS_REPLY_STRING
        || time->element[1]->type != REDIS_REPLY_STRING)
    {
        return NGX_ERROR;
    }

    sec = ngx_atoof((u_char *) time->element[0]->str, time->element[0]->len);
    usec = ngx_atoof((u_char *) time->element[1]->str, time->element[1]->len);

    if (sec <= 0 || sec > UINT32_MAX || usec < 0 || usec >= 1000000) {
        return NGX_ERROR;
    }

    redis = (int64_t) sec * 1000 + usec / 1000;
    tp = ngx_timeofday();

    feed->clock_offset = redis - (int64_t) ngx_current_msec;

    feed->pmcf->node->ahead = (int64_t) tp->sec * 1000 + tp->msec - redis;
    feed->pmcf->node->timed = 1;

    return NGX_OK;
}


/*
 * Milliseconds until the next report: soon if the state or the cursor has
 * changed.  A replica takes no reports: always the full interval.
 */

ngx_msec_t
ngx_http_paylock_node_wait(ngx_http_paylock_feed_t *feed)
{
    ngx_msec_t  age, due;

    if (feed->replica) {
        return PAYLOCK_NODE_INTERVAL * 1000;
    }

    due = ngx_http_paylock_node_due(feed);
    age = ngx_current_msec - feed->reported;

    return age < due ? due - age : 0;
}


static ngx_msec_t
ngx_http_paylock_node_due(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    if (feed->reported == 0) {
        return 0;
    }

    return !node->unreported
           && (node->state != feed->reported_state
               || ngx_memcmp(&node->cursor, &feed->reported_cursor,
                             sizeof(ngx_http_paylock_cursor_t))
                  != 0)
           ? NGX_HTTP_PAYLOCK_NODE_PAUSE : PAYLOCK_NODE_INTERVAL * 1000;
}


/* Adds a report before the next command, if one is due. */

void
ngx_http_paylock_node_report(ngx_http_paylock_feed_t *feed)
{
    char                           text[PAYLOCK_NODE_MAX];
    paylock_node_t                 report;
    ngx_http_paylock_node_sh_t    *node;
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = feed->pmcf;
    node = pmcf->node;

    ngx_http_paylock_node_complain(feed);

    /* the first reply with the head brings Redis' time */

    if (feed->clock_offset == 0 || feed->conn.due
        || ngx_http_paylock_node_wait(feed) > 0)
    {
        return;
    }

    ngx_memzero(&report, sizeof(paylock_node_t));

    ngx_memcpy(report.version, PAYLOCK_VERSION, sizeof(PAYLOCK_VERSION));
    ngx_cpystrn((u_char *) report.state,
                (u_char *) ngx_http_paylock_node_states[node->state],
                sizeof(report.state));

    paylock_node_head(&report.applied, &node->cursor);
    paylock_node_head(&report.furthest, &node->position);

    report.records = pmcf->table.sh->count;
    report.held = pmcf->table.sh->held;
    report.dry_run = pmcf->dry_runs;
    report.unaudited = pmcf->signers.list.n ? node->unaudited : 0;
    report.time = feed->clock_offset + (int64_t) ngx_current_msec;
    report.ahead = node->ahead;

    (void) paylock_node_write(&report, text);

    ngx_http_paylock_redis_add(&feed->conn, "HSET", pmcf->redis.nodes,
                               pmcf->name.data, text, NULL);
    ngx_http_paylock_redis_add_optional(&feed->conn);

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: report: %s, entry %uL, %uD records",
                   ngx_http_paylock_node_states[node->state], node->cursor.seq,
                   pmcf->table.sh->count);

    feed->reported = ngx_max(ngx_current_msec, 1);
    feed->reported_state = node->state;
    feed->reported_cursor = node->cursor;
}


void
ngx_http_paylock_node_reported(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t  *feed = data;

    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_http_paylock_printable((u_char *) feed->refused, reply->str,
                                   reply->len);
        return;
    }

    feed->pmcf->node->unreported = 0;
}


/*
 * Called when other commands were accepted, so that only reports are refused.
 */

static void
ngx_http_paylock_node_complain(ngx_http_paylock_feed_t *feed)
{
    ngx_uint_t                      denied;
    const char                     *user;
    ngx_http_paylock_redis_conf_t  *redis;
    ngx_http_paylock_node_sh_t     *node;

    if (feed->refused[0] == '\0') {
        return;
    }

    node = feed->pmcf->node;
    redis = &feed->pmcf->redis;
    user = redis->user ? redis->user : "default";
    denied = ngx_strncmp(feed->refused, "NOPERM", sizeof("NOPERM") - 1) == 0;

    if (!node->unreported) {
        ngx_log_error(NGX_LOG_WARN, feed->log, 0,
                      "paylock: Redis at %V refuses the report of this nginx "
                      "in \"%s\": %s; records are followed, but "
                      "\"paylock-admin nodes\" and \"--wait\" do not see it"
                      "%s%s%s", &redis->name, redis->nodes, feed->refused,
                      denied ? "; user \"" : "", denied ? user : "",
                      denied ? "\" needs +hset there, see \"paylock-admin "
                               "init --acl\"" : "");
    }

    node->unreported++;
    feed->pmcf->counters->n[NGX_HTTP_PAYLOCK_COUNTER_REFUSED]++;
    feed->refused[0] = '\0';
}
