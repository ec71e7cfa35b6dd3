
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Commands to Redis.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_http_paylock_link.h"


#define NGX_HTTP_PAYLOCK_LINK_WORDS  16
#define NGX_HTTP_PAYLOCK_LINK_FIELD  1024   /* bytes, with its value: more
                                               than any of paylock-admin */


void
ngx_http_paylock_link_add(ngx_http_paylock_link_t *link, ...)
{
    int          argc, len;
    char        *text;
    va_list      args;
    const char  *argv[NGX_HTTP_PAYLOCK_LINK_WORDS];

    va_start(args, link);

    for (argc = 0; argc < NGX_HTTP_PAYLOCK_LINK_WORDS; argc++) {
        argv[argc] = va_arg(args, const char *);

        if (argv[argc] == NULL) {
            break;
        }
    }

    va_end(args);

    len = redisFormatCommandArgv(&text, argc, argv, NULL);

    /* a command that is not sent is missed when the replies are counted */

    if (len > 0 && len <= link->out->end - link->out->last) {
        link->out->last = ngx_cpymem(link->out->last, text, len);
    }

    if (len > 0) {
        redisFreeCommand(text);
    }

    link->due++;
}


void
ngx_http_paylock_link_try(ngx_http_paylock_link_t *link)
{
    link->trying = 1;
}


void
ngx_http_paylock_link_expect(ngx_http_paylock_link_t *link, size_t fields)
{
    link->large = 2 * fields > PAYLOCK_RESP_ELEMENTS;

    paylock_resp_expect(link->resp, 2 * fields,
                        fields * NGX_HTTP_PAYLOCK_LINK_FIELD);
}


void
ngx_http_paylock_link_call(ngx_http_paylock_link_t *link, ngx_msec_t timeout,
    ngx_http_paylock_reply_pt handler)
{
    ngx_connection_t  *c;

    c = link->peer.connection;

    link->handler = handler;
    link->timeout = timeout;

    /* as long as a reply is dealt with, nobody waits for the next one */

    if (!link->busy) {

        if (c->read->timer_set) {
            ngx_del_timer(c->read);
        }

        ngx_add_timer(c->read, timeout);
        link->got = 0;
    }

    ngx_http_paylock_link_write_handler(c->write);
}


void
ngx_http_paylock_link_write_handler(ngx_event_t *wev)
{
    u_char                    byte[1];
    ssize_t                   n;
    ngx_err_t                 err;
    ngx_buf_t                *out;
    ngx_connection_t         *c;
    ngx_http_paylock_link_t  *link;

    c = wev->data;
    link = c->data;

    out = link->out;

    while (out->pos < out->last) {
        n = c->send(c, out->pos, out->last - out->pos);

        if (n == NGX_ERROR) {
            err = ngx_socket_errno;

            if (c->ssl) {
                /* why Redis has hung up may still be there to be read */
                (void) c->recv(c, byte, sizeof(byte));
            }

            ngx_http_paylock_link_errno(link, "cannot write", err);
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
        ngx_http_paylock_link_fail(link, "cannot wait for the connection");
    }
}
