
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_http_paylock_link.h"


#define NGX_HTTP_PAYLOCK_LINK_OUT    4096
#define NGX_HTTP_PAYLOCK_LINK_WORDS  16
#define NGX_HTTP_PAYLOCK_LINK_FIELD  1024   /* bytes, with its value: more
                                               than any of paylock-admin */


static void ngx_http_paylock_link_write_handler(ngx_event_t *wev);


void
ngx_http_paylock_link_open(ngx_http_paylock_link_t *link)
{
    /* what happens is logged once, by the owner, not at each attempt */

    link->quiet = *link->log;
    link->quiet.log_level = link->redis->tls ? NGX_LOG_ERR : NGX_LOG_EMERG;
    link->quiet.writer = ngx_http_paylock_tls_note;
    link->quiet.wdata = link;
    link->quiet.next = NULL;
    link->why[0] = '\0';
    link->foreign = 0;
    link->crowded = 0;
    link->broken = 0;
    link->busy = 0;
    link->large = 0;
    link->trying = 0;
    link->due = 0;
    link->posted = 0;

    link->turn.handler = ngx_http_paylock_link_turn;
    link->turn.data = link;
    link->turn.log = link->log;

    link->pool = ngx_create_pool(NGX_HTTP_PAYLOCK_LINK_OUT, link->log);
    if (link->pool == NULL) {
        ngx_http_paylock_link_fail(link, "no memory");
        return;
    }

    link->out = ngx_create_temp_buf(link->pool, NGX_HTTP_PAYLOCK_LINK_OUT);
    link->resp = paylock_resp_create();

    if (link->out == NULL || link->resp == NULL) {
        ngx_http_paylock_link_fail(link, "no memory");
        return;
    }

    ngx_http_paylock_connect(link);
}


void
ngx_http_paylock_link_connected(ngx_http_paylock_link_t *link)
{
    ngx_connection_t  *c;

    c = link->peer.connection;

    c->read->handler = ngx_http_paylock_link_read_handler;
    c->write->handler = ngx_http_paylock_link_write_handler;

    link->ready(link->data);
}


void
ngx_http_paylock_link_close(ngx_http_paylock_link_t *link)
{
    ngx_connection_t  *c;

    if (link->resolve) {
        ngx_resolve_name_done(link->resolve);
        link->resolve = NULL;
    }

    c = link->peer.connection;

    if (c) {

        if (c->ssl) {
            c->ssl->no_wait_shutdown = 1;
            c->ssl->no_send_shutdown = 1;
            (void) ngx_ssl_shutdown(c);
        }

        ngx_close_connection(c);
        link->peer.connection = NULL;
    }

    if (link->turn.posted) {
        ngx_delete_posted_event(&link->turn);
    }

    freeReplyObject(link->reply);
    link->reply = NULL;
    link->again = NULL;

    if (link->resp) {
        paylock_resp_free(link->resp);
        link->resp = NULL;
    }

    if (link->pool) {
        ngx_destroy_pool(link->pool);
        link->pool = NULL;
    }
}


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
ngx_http_paylock_link_fail(ngx_http_paylock_link_t *link, const char *why)
{
    if (why && why != link->why) {
        ngx_cpystrn((u_char *) link->why, (u_char *) why, sizeof(link->why));
    }

    link->broken = link->resp && paylock_resp_pending(link->resp);

    ngx_http_paylock_link_close(link);

    link->failed(link->data, why ? link->why : NULL);
}


void
ngx_http_paylock_link_refuse(ngx_http_paylock_link_t *link,
    const redisReply *error)
{
    size_t       len;
    const char  *text;

    static const char  discarded[] =
                               "EXECABORT Transaction discarded because of: ";

    text = error->str;
    len = error->len;

    if (ngx_strncmp(text, discarded, sizeof(discarded) - 1) == 0) {
        text += sizeof(discarded) - 1;
        len -= sizeof(discarded) - 1;
    }

    ngx_http_paylock_printable((u_char *) link->why, text, len);

    link->foreign = 1;

    ngx_http_paylock_link_fail(link, link->why);
}


static void
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


void
ngx_http_paylock_link_errno(ngx_http_paylock_link_t *link, const char *what,
    ngx_err_t err)
{
    u_char  *p, *last;

    if (link->why[0]) {
        ngx_http_paylock_link_fail(link, link->why);
        return;
    }

    last = (u_char *) link->why + sizeof(link->why) - 1;

    p = ngx_snprintf((u_char *) link->why, sizeof(link->why) - 1, "%s", what);

    if (err) {
        p = ngx_snprintf(p, last - p, ": ");
        p = ngx_strerror(err, p, last - p);
    }

    *p = '\0';

    ngx_http_paylock_link_fail(link, link->why);
}
