
/*
 * Copyright (C) 2026 paylock contributors
 *
 * How a connection to Redis ends.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_http_paylock_link.h"
#include "ngx_http_paylock_log.h"


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
