
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads replies, and processes them in slices, one in a turn of the event loop.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_http_paylock_redis.h"


#define NGX_HTTP_PAYLOCK_REDIS_IN     2048
#define NGX_HTTP_PAYLOCK_REDIS_PART   65536  /* bytes, restart a timer */

/*
 * A turn processes one slice.  In a busy worker turns are long, so that it goes
 * on for an eighth of the time since the last one, but not longer than so many
 * nanoseconds.
 */

#define NGX_HTTP_PAYLOCK_REDIS_SHARE  8
#define NGX_HTTP_PAYLOCK_REDIS_MOST   2000000

#define NGX_HTTP_PAYLOCK_REDIS_LATE   100    /* ms; a busy worker is faster */
#define NGX_HTTP_PAYLOCK_REDIS_SPARE  500    /* ms; Redis wakes up, too */


static void ngx_http_paylock_redis_read(ngx_event_t *rev);
static void ngx_http_paylock_redis_replies(ngx_http_paylock_redis_conn_t *conn);
static void ngx_http_paylock_redis_handle(ngx_http_paylock_redis_conn_t *conn,
    redisReply *reply, ngx_http_paylock_redis_reply_pt handler);
static uint64_t ngx_http_paylock_redis_enter(
    ngx_http_paylock_redis_conn_t *conn);
static void ngx_http_paylock_redis_leave(ngx_http_paylock_redis_conn_t *conn,
    uint64_t start);
static void ngx_http_paylock_redis_post(ngx_http_paylock_redis_conn_t *conn,
    ngx_event_t *ev);


void
ngx_http_paylock_redis_read_handler(ngx_event_t *rev)
{
    uint64_t                        start;
    ngx_connection_t               *c;
    ngx_http_paylock_redis_conn_t  *conn;

    c = rev->data;
    conn = c->data;

    if (conn->busy && !c->close) {
        return;
    }

    start = ngx_http_paylock_redis_enter(conn);

    do {
        ngx_http_paylock_redis_read(rev);

    } while (conn->peer.connection && !conn->busy && rev->ready
             && ngx_http_paylock_counters_now() < conn->until);

    ngx_http_paylock_redis_leave(conn, start);
}


ngx_uint_t
ngx_http_paylock_redis_expired(ngx_http_paylock_redis_conn_t *conn,
    ngx_event_t *ev)
{
    ngx_msec_int_t  late;

    late = (ngx_msec_int_t) (ngx_current_msec - ev->timer.key);

    if (late < NGX_HTTP_PAYLOCK_REDIS_LATE || conn->spared) {
        return 1;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_EVENT, conn->log, 0,
                   "paylock redis: timer %M ms late", (ngx_msec_t) late);

    conn->spared = 1;
    ev->timedout = 0;
    ngx_add_timer(ev, NGX_HTTP_PAYLOCK_REDIS_SPARE);

    return 0;
}


static void
ngx_http_paylock_redis_read(ngx_event_t *rev)
{
    ssize_t                         n;
    const char                     *why;
    ngx_connection_t               *c;
    ngx_http_paylock_redis_conn_t  *conn;
    char                            buffer[NGX_HTTP_PAYLOCK_REDIS_IN];

    c = rev->data;
    conn = c->data;

    if (c->close) {
        ngx_http_paylock_redis_fail(conn, NULL);
        return;
    }

    if (rev->timedout) {

        if (ngx_http_paylock_redis_expired(conn, rev)) {
            ngx_http_paylock_redis_fail(conn, "no answer in time");
        }

        return;
    }

    n = c->recv(c, (u_char *) buffer, sizeof(buffer));

    if (n == NGX_AGAIN) {
        return;
    }

    if (n == 0) {
        ngx_http_paylock_redis_fail(conn, "the connection was closed");
        return;
    }

    if (n < 0) {
        ngx_http_paylock_redis_fail_errno(conn, "cannot read",
                                          ngx_socket_errno);
        return;
    }

    conn->received += n;

    if (conn->large && conn->received >= NGX_HTTP_PAYLOCK_REDIS_PART
        && rev->timer_set)
    {
        ngx_del_timer(rev);
        ngx_add_timer(rev, conn->timeout);
        conn->received = 0;
    }

    why = paylock_resp_feed(conn->resp, buffer, n);

    if (why) {
        conn->from_server = 1;
        ngx_http_paylock_redis_fail(conn, why);
        return;
    }

    ngx_http_paylock_redis_replies(conn);
}


static void
ngx_http_paylock_redis_replies(ngx_http_paylock_redis_conn_t *conn)
{
    const char  *why;
    redisReply  *reply;

    for ( ;; ) {
        why = paylock_resp_next(conn->resp, &reply);

        if (why) {
            conn->from_server = 1;
            ngx_http_paylock_redis_fail(conn, why);
            return;
        }

        if (reply == NULL) {
            return;
        }

        if (reply->type == REDIS_REPLY_ERROR && !conn->optional_due) {
            ngx_http_paylock_redis_refuse(conn, reply);
            freeReplyObject(reply);
            return;
        }

        if (conn->due == 0 || (conn->due == 1
                               && paylock_resp_pending(conn->resp)))
        {
            freeReplyObject(reply);
            conn->from_server = 1;
            ngx_http_paylock_redis_fail(conn, "an unexpected reply");
            return;
        }

        if (--conn->due == 0) {
            break;
        }

        if (conn->optional_due) {
            conn->optional_due = 0;
            conn->optional(conn->data, reply);
        }

        freeReplyObject(reply);
    }

    ngx_del_timer(conn->peer.connection->read);

    conn->busy = 1;

    ngx_http_paylock_redis_handle(conn, reply, conn->handler);
}


void
ngx_http_paylock_redis_again(ngx_http_paylock_redis_conn_t *conn,
    ngx_http_paylock_redis_reply_pt handler)
{
    if (conn->peer.connection) {
        conn->again = handler;
    }
}


static void
ngx_http_paylock_redis_handle(ngx_http_paylock_redis_conn_t *conn,
    redisReply *reply, ngx_http_paylock_redis_reply_pt handler)
{
    do {
        conn->again = NULL;

        handler(conn->data, reply);

        handler = conn->again;

    } while (handler && ngx_http_paylock_counters_now() < conn->until);

    if (handler) {
        conn->reply = reply;
        ngx_http_paylock_redis_post(conn, &conn->turn);
        return;
    }

    freeReplyObject(reply);

    conn->busy = 0;

    if (conn->peer.connection && conn->due) {
        ngx_add_timer(conn->peer.connection->read, conn->timeout);
    }
}


void
ngx_http_paylock_redis_turn(ngx_event_t *ev)
{
    uint64_t                        start;
    redisReply                     *reply;
    ngx_http_paylock_redis_conn_t  *conn;

    conn = ev->data;

    start = ngx_http_paylock_redis_enter(conn);

    reply = conn->reply;
    conn->reply = NULL;

    ngx_http_paylock_redis_handle(conn, reply, conn->again);

    ngx_http_paylock_redis_leave(conn, start);
}


static uint64_t
ngx_http_paylock_redis_enter(ngx_http_paylock_redis_conn_t *conn)
{
    uint64_t  now, others;

    now = ngx_http_paylock_counters_now();

    others = conn->posted ? now - conn->posted : 0;
    conn->posted = 0;

    conn->until = now + ngx_min(others / NGX_HTTP_PAYLOCK_REDIS_SHARE,
                                NGX_HTTP_PAYLOCK_REDIS_MOST);
    return now;
}


/* Unread data is not signalled again by epoll: post the event. */

static void
ngx_http_paylock_redis_leave(ngx_http_paylock_redis_conn_t *conn,
    uint64_t start)
{
    ngx_event_t  *rev;

    if (conn->peer.connection && !conn->busy) {
        rev = conn->peer.connection->read;

        if (rev->ready) {
            ngx_http_paylock_redis_post(conn, rev);

        } else if (ngx_handle_read_event(rev, 0) != NGX_OK) {
            ngx_http_paylock_redis_fail(conn, "cannot wait for the connection");
        }
    }

    ngx_http_paylock_counters_turn(conn->counters, start);
}


static void
ngx_http_paylock_redis_post(ngx_http_paylock_redis_conn_t *conn,
    ngx_event_t *ev)
{
    conn->posted = ngx_http_paylock_counters_now();

    ngx_post_event(ev, &ngx_posted_next_events);
}
