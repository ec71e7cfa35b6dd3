
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"
#include "ngx_http_paylock_log.h"


static ngx_int_t ngx_http_paylock_head_role(ngx_http_paylock_feed_t *feed,
    const redisReply *role);
static ngx_int_t ngx_http_paylock_head_behind(ngx_http_paylock_feed_t *feed,
    const ngx_http_paylock_cursor_t *head);
static const char *ngx_http_paylock_head_word(const redisReply *reply,
    size_t i);


void
ngx_http_paylock_head_ask(ngx_http_paylock_feed_t *feed,
    ngx_http_paylock_redis_reply_pt handler)
{
    ngx_http_paylock_redis_conf_t  *redis;

    redis = &feed->pmcf->redis;

    ngx_http_paylock_redis_add(&feed->conn, "MULTI", NULL);
    ngx_http_paylock_redis_add(&feed->conn, "XREVRANGE", redis->audit, "+", "-",
                               "COUNT", "1", NULL);
    ngx_http_paylock_redis_add(&feed->conn, "HLEN", redis->locks, NULL);
    ngx_http_paylock_redis_add(&feed->conn, "ROLE", NULL);
    ngx_http_paylock_redis_add(&feed->conn, "TIME", NULL);
    ngx_http_paylock_redis_add(&feed->conn, "EXEC", NULL);

    ngx_http_paylock_redis_send(&feed->conn, redis->timeout, handler);
}


ngx_int_t
ngx_http_paylock_head_read(ngx_http_paylock_feed_t *feed, redisReply *reply,
    ngx_http_paylock_cursor_t *cursor, int64_t *fields)
{
    size_t     i;
    ngx_int_t  rc;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4) {
        ngx_http_paylock_feed_unfit(feed, "unexpected reply to EXEC");
        return NGX_ERROR;
    }

    for (i = 0; i < 4; i++) {
        if (reply->element[i]->type == REDIS_REPLY_ERROR) {
            ngx_http_paylock_redis_refuse(&feed->conn, reply->element[i]);
            return NGX_ERROR;
        }
    }

    if (ngx_http_paylock_node_clock(feed, reply->element[3]) != NGX_OK) {
        ngx_http_paylock_feed_unfit(feed, "unexpected reply to TIME");
        return NGX_ERROR;
    }

    if (ngx_http_paylock_head_role(feed, reply->element[2]) != NGX_OK) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return NGX_ERROR;
    }

    if (reply->element[1]->type != REDIS_REPLY_INTEGER) {
        ngx_http_paylock_feed_unfit(feed, "unexpected reply to HLEN");
        return NGX_ERROR;
    }

    *fields = reply->element[1]->integer;

    rc = ngx_http_paylock_chain_head(feed, reply->element[0], cursor);

    if (rc == NGX_DECLINED && (feed->trust || !feed->pmcf->node->synced)) {

        /*
         * nothing is known yet: the records alone are better than nothing; with
         * signers it counts for nothing, and what is before it is looked at
         */

        feed->head_invalid = 1;
        return NGX_OK;
    }

    if (rc == NGX_OK && feed->replica) {
        rc = ngx_http_paylock_head_behind(feed, cursor);
    }

    if (rc != NGX_OK) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return NGX_ERROR;
    }

    feed->head_invalid = 0;

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: head %uL, %L fields, %s", cursor->seq,
                   *fields, feed->replica ? "replica" : "primary");

    return NGX_OK;
}


/*
 * A replica may be behind, and may lose what it has.  It is followed with
 * replica=on only, and only while it is connected to its primary.
 */

static ngx_int_t
ngx_http_paylock_head_role(ngx_http_paylock_feed_t *feed,
    const redisReply *role)
{
    u_char       state[NGX_HTTP_PAYLOCK_PRINTABLE * 4 + 1];
    const char  *name, *primary;

    name = ngx_http_paylock_head_word(role, 0);
    primary = ngx_http_paylock_head_word(role, 3);

    feed->replica = (ngx_strcmp(name, "slave") == 0);

    if (ngx_strcmp(name, "master") == 0) {
        return NGX_OK;
    }

    if (!feed->replica) {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_UNFIT,
                                           "unexpected reply to ROLE");
    }

    if (!feed->pmcf->redis.replica) {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_UNFIT,
                                           "this is a replica: name its "
                                           "primary in \"paylock_redis\", "
                                           "or add replica=on");
    }

    if (ngx_strcmp(primary, "connected") != 0) {
        ngx_http_paylock_printable(state, primary, ngx_strlen(primary));

        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_UNFIT,
                                           "this is a replica whose link to "
                                           "its primary is \"%s\": see its "
                                           "log", state);
    }

    return NGX_OK;
}


/*
 * A replica may lag behind the one that was followed before: entries that are
 * already applied would be applied again.  If entries are really lost, a scan
 * finds out when the numbers are reached again.
 */

static ngx_int_t
ngx_http_paylock_head_behind(ngx_http_paylock_feed_t *feed,
    const ngx_http_paylock_cursor_t *head)
{
    const ngx_http_paylock_cursor_t  *applied;

    applied = &feed->pmcf->node->cursor;

    if (head->seq == 0 || head->seq >= applied->seq
        || ngx_memcmp(head->chain, applied->chain, PAYLOCK_CHAIN_LEN) != 0)
    {
        return NGX_OK;
    }

    return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_UNFIT,
                                       "this replica is behind: it ends with "
                                       "entry %uL, and %uL is known here",
                                       head->seq, applied->seq);
}


/* A string of the reply, or "". */

static const char *
ngx_http_paylock_head_word(const redisReply *reply, size_t i)
{
    if (reply->type != REDIS_REPLY_ARRAY || i >= reply->elements
        || reply->element[i]->type != REDIS_REPLY_STRING)
    {
        return "";
    }

    return reply->element[i]->str;
}
