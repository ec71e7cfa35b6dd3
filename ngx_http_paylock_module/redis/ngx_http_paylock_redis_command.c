
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Commands to Redis.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_http_paylock_redis.h"


#define NGX_HTTP_PAYLOCK_REDIS_WORDS  16
#define NGX_HTTP_PAYLOCK_REDIS_FIELD  1024   /* bytes, with its value: more
                                               than any of paylock-admin */


void
ngx_http_paylock_redis_add(ngx_http_paylock_redis_conn_t *conn, ...)
{
    int          argc, len;
    char        *text;
    va_list      args;
    const char  *argv[NGX_HTTP_PAYLOCK_REDIS_WORDS];

    va_start(args, conn);

    for (argc = 0; argc < NGX_HTTP_PAYLOCK_REDIS_WORDS; argc++) {
        argv[argc] = va_arg(args, const char *);

        if (argv[argc] == NULL) {
            break;
        }
    }

    va_end(args);

    len = redisFormatCommandArgv(&text, argc, argv, NULL);

    /* a command that does not fit is not sent: its reply times out */

    if (len > 0 && len <= conn->out->end - conn->out->last) {
        conn->out->last = ngx_cpymem(conn->out->last, text, len);
    }

    if (len > 0) {
        redisFreeCommand(text);
    }

    conn->due++;
}


void
ngx_http_paylock_redis_add_optional(ngx_http_paylock_redis_conn_t *conn)
{
    conn->optional_due = 1;
}


void
ngx_http_paylock_redis_expect(ngx_http_paylock_redis_conn_t *conn,
    size_t fields)
{
    conn->large = 2 * fields > PAYLOCK_RESP_ELEMENTS;

    paylock_resp_expect(conn->resp, 2 * fields,
                        fields * NGX_HTTP_PAYLOCK_REDIS_FIELD);
}


void
ngx_http_paylock_redis_send(ngx_http_paylock_redis_conn_t *conn,
    ngx_msec_t timeout, ngx_http_paylock_redis_reply_pt handler)
{
    ngx_connection_t  *c;

    c = conn->peer.connection;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, conn->log, 0,
                   "paylock redis: send, %ui replies due in %M ms",
                   conn->due, timeout);

    conn->handler = handler;
    conn->timeout = timeout;
    conn->spared = 0;

    /* while a reply is processed, the timer does not run */

    if (!conn->busy) {

        if (c->read->timer_set) {
            ngx_del_timer(c->read);
        }

        ngx_add_timer(c->read, timeout);
        conn->received = 0;
    }

    ngx_http_paylock_redis_write_handler(c->write);
}


void
ngx_http_paylock_redis_write_handler(ngx_event_t *wev)
{
    u_char                          byte[1];
    ssize_t                         n;
    ngx_err_t                       err;
    ngx_buf_t                      *out;
    ngx_connection_t               *c;
    ngx_http_paylock_redis_conn_t  *conn;

    c = wev->data;
    conn = c->data;

    out = conn->out;

    while (out->pos < out->last) {
        n = c->send(c, out->pos, out->last - out->pos);

        if (n == NGX_ERROR) {
            err = ngx_socket_errno;

            if (c->ssl) {
                /*
                 * the TLS alert that tells why Redis has closed may be unread
                 */
                (void) c->recv(c, byte, sizeof(byte));
            }

            ngx_http_paylock_redis_fail_errno(conn, "cannot write", err);
            return;
        }

        if (n == NGX_AGAIN) {
            break;
        }

        out->pos += n;
    }

    if (out->pos == out->last) {
        out->pos = out->start;
        out->last = out->start;
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_http_paylock_redis_fail(conn, "cannot wait for the connection");
    }
}
