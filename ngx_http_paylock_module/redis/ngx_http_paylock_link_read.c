
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What Redis answers, dealt with in turns of the event loop.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_http_paylock_link.h"


#define NGX_HTTP_PAYLOCK_LINK_IN     2048
#define NGX_HTTP_PAYLOCK_LINK_PART   65536  /* of a large reply, in time */

/*
 * A turn of the event loop does one thing, or where turns are long, as in a
 * worker that has much to do, more: for so much of what the others took, and
 * so many nanoseconds.
 */

#define NGX_HTTP_PAYLOCK_LINK_SHARE  8
#define NGX_HTTP_PAYLOCK_LINK_MOST   2000000


static void ngx_http_paylock_link_read(ngx_event_t *rev);
static void ngx_http_paylock_link_replies(ngx_http_paylock_link_t *link);
static void ngx_http_paylock_link_handle(ngx_http_paylock_link_t *link,
    redisReply *reply, ngx_http_paylock_reply_pt handler);
static uint64_t ngx_http_paylock_link_enter(ngx_http_paylock_link_t *link);
static void ngx_http_paylock_link_leave(ngx_http_paylock_link_t *link,
    uint64_t start);
static void ngx_http_paylock_link_post(ngx_http_paylock_link_t *link,
    ngx_event_t *ev);


void
ngx_http_paylock_link_read_handler(ngx_event_t *rev)
{
    uint64_t                  start;
    ngx_connection_t         *c;
    ngx_http_paylock_link_t  *link;

    c = rev->data;
    link = c->data;

    if (link->busy && !c->close) {
        return;
    }

    start = ngx_http_paylock_link_enter(link);

    do {
        ngx_http_paylock_link_read(rev);

    } while (link->peer.connection && !link->busy && rev->ready
             && ngx_http_paylock_count_now() < link->until);

    ngx_http_paylock_link_leave(link, start);
}


static void
ngx_http_paylock_link_read(ngx_event_t *rev)
{
    ssize_t                   n;
    const char               *why;
    ngx_connection_t         *c;
    ngx_http_paylock_link_t  *link;
    char                      buffer[NGX_HTTP_PAYLOCK_LINK_IN];

    c = rev->data;
    link = c->data;

    if (c->close) {
        ngx_http_paylock_link_fail(link, NULL);
        return;
    }

    if (rev->timedout) {
        ngx_http_paylock_link_fail(link, "no answer in time");
        return;
    }

    n = c->recv(c, (u_char *) buffer, sizeof(buffer));

    if (n == NGX_AGAIN) {
        return;
    }

    if (n == 0) {
        ngx_http_paylock_link_fail(link, "the connection was closed");
        return;
    }

    if (n < 0) {
        ngx_http_paylock_link_errno(link, "cannot read", ngx_socket_errno);
        return;
    }

    link->got += n;

    if (link->large && link->got >= NGX_HTTP_PAYLOCK_LINK_PART
        && rev->timer_set)
    {
        ngx_del_timer(rev);
        ngx_add_timer(rev, link->timeout);
        link->got = 0;
    }

    why = paylock_resp_feed(link->resp, buffer, n);

    if (why) {
        link->foreign = 1;
        ngx_http_paylock_link_fail(link, why);
        return;
    }

    ngx_http_paylock_link_replies(link);
}


static void
ngx_http_paylock_link_replies(ngx_http_paylock_link_t *link)
{
    const char  *why;
    redisReply  *reply;

    for ( ;; ) {
        why = paylock_resp_next(link->resp, &reply);

        if (why) {
            link->foreign = 1;
            ngx_http_paylock_link_fail(link, why);
            return;
        }

        if (reply == NULL) {
            return;
        }

        if (reply->type == REDIS_REPLY_ERROR && !link->trying) {
            ngx_http_paylock_link_refuse(link, reply);
            freeReplyObject(reply);
            return;
        }

        if (link->due == 0 || (link->due == 1
                               && paylock_resp_pending(link->resp)))
        {
            freeReplyObject(reply);
            link->foreign = 1;
            ngx_http_paylock_link_fail(link, "a reply that nobody asked for");
            return;
        }

        if (--link->due == 0) {
            break;
        }

        if (link->trying) {
            link->trying = 0;
            link->tried(link->data, reply);
        }

        freeReplyObject(reply);
    }

    ngx_del_timer(link->peer.connection->read);

    link->busy = 1;

    ngx_http_paylock_link_handle(link, reply, link->handler);
}


void
ngx_http_paylock_link_again(ngx_http_paylock_link_t *link,
    ngx_http_paylock_reply_pt handler)
{
    if (link->peer.connection) {
        link->again = handler;
    }
}


static void
ngx_http_paylock_link_handle(ngx_http_paylock_link_t *link, redisReply *reply,
    ngx_http_paylock_reply_pt handler)
{
    do {
        link->again = NULL;

        handler(link->data, reply);

        handler = link->again;

    } while (handler && ngx_http_paylock_count_now() < link->until);

    if (handler) {
        link->reply = reply;
        ngx_http_paylock_link_post(link, &link->turn);
        return;
    }

    freeReplyObject(reply);

    link->busy = 0;

    if (link->peer.connection && link->due) {
        ngx_add_timer(link->peer.connection->read, link->timeout);
    }
}


void
ngx_http_paylock_link_turn(ngx_event_t *ev)
{
    uint64_t                  start;
    redisReply               *reply;
    ngx_http_paylock_link_t  *link;

    link = ev->data;

    start = ngx_http_paylock_link_enter(link);

    reply = link->reply;
    link->reply = NULL;

    ngx_http_paylock_link_handle(link, reply, link->again);

    ngx_http_paylock_link_leave(link, start);
}


static uint64_t
ngx_http_paylock_link_enter(ngx_http_paylock_link_t *link)
{
    uint64_t  now, others;

    now = ngx_http_paylock_count_now();

    others = link->posted ? now - link->posted : 0;
    link->posted = 0;

    link->until = now + ngx_min(others / NGX_HTTP_PAYLOCK_LINK_SHARE,
                                NGX_HTTP_PAYLOCK_LINK_MOST);
    return now;
}


/* There may be more to read, which epoll tells once only. */

static void
ngx_http_paylock_link_leave(ngx_http_paylock_link_t *link, uint64_t start)
{
    ngx_event_t  *rev;

    if (link->peer.connection && !link->busy) {
        rev = link->peer.connection->read;

        if (rev->ready) {
            ngx_http_paylock_link_post(link, rev);

        } else if (ngx_handle_read_event(rev, 0) != NGX_OK) {
            ngx_http_paylock_link_fail(link, "cannot wait for the connection");
        }
    }

    ngx_http_paylock_count_turn(link->count, start);
}


static void
ngx_http_paylock_link_post(ngx_http_paylock_link_t *link, ngx_event_t *ev)
{
    link->posted = ngx_http_paylock_count_now();

    ngx_post_event(ev, &ngx_posted_next_events);
}
