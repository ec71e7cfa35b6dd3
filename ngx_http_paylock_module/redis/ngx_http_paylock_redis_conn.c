
/*
 * Copyright (C) 2026 paylock contributors
 *
 * How a connection to Redis ends: close, failure, refusal.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_http_paylock_redis.h"
#include "ngx_http_paylock_log.h"


void
ngx_http_paylock_redis_close(ngx_http_paylock_redis_conn_t *conn)
{
    ngx_connection_t  *c;

    if (conn->resolve) {
        ngx_resolve_name_done(conn->resolve);
        conn->resolve = NULL;
    }

    c = conn->peer.connection;

    if (c) {

        if (c->ssl) {
            c->ssl->no_wait_shutdown = 1;
            c->ssl->no_send_shutdown = 1;
            (void) ngx_ssl_shutdown(c);
        }

        ngx_close_connection(c);
        conn->peer.connection = NULL;
    }

    if (conn->turn.posted) {
        ngx_delete_posted_event(&conn->turn);
    }

    freeReplyObject(conn->reply);
    conn->reply = NULL;
    conn->again = NULL;

    if (conn->resp) {
        paylock_resp_free(conn->resp);
        conn->resp = NULL;
    }

    if (conn->pool) {
        ngx_destroy_pool(conn->pool);
        conn->pool = NULL;
    }
}


void
ngx_http_paylock_redis_fail(ngx_http_paylock_redis_conn_t *conn,
    const char *why)
{
    if (why && why != conn->why) {
        ngx_cpystrn((u_char *) conn->why, (u_char *) why, sizeof(conn->why));
    }

    ngx_log_debug1(NGX_LOG_DEBUG_EVENT, conn->log, 0,
                   "paylock redis: %s", why ? why : "this worker leaves");

    conn->broken = conn->resp && paylock_resp_pending(conn->resp);

    ngx_http_paylock_redis_close(conn);

    conn->failed(conn->data, why ? conn->why : NULL);
}


void
ngx_http_paylock_redis_refuse(ngx_http_paylock_redis_conn_t *conn,
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

    ngx_http_paylock_printable((u_char *) conn->why, text, len);

    conn->from_server = 1;

    ngx_http_paylock_redis_fail(conn, conn->why);
}


void
ngx_http_paylock_redis_fail_errno(ngx_http_paylock_redis_conn_t *conn,
    const char *what, ngx_err_t err)
{
    u_char  *p, *last;

    if (conn->why[0]) {
        ngx_http_paylock_redis_fail(conn, conn->why);
        return;
    }

    last = (u_char *) conn->why + sizeof(conn->why) - 1;

    p = ngx_snprintf((u_char *) conn->why, sizeof(conn->why) - 1, "%s", what);

    if (err) {
        p = ngx_snprintf(p, last - p, ": ");
        p = ngx_strerror(err, p, last - p);
    }

    *p = '\0';

    ngx_http_paylock_redis_fail(conn, conn->why);
}
