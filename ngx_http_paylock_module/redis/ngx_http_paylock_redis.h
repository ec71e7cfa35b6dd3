
/*
 * Copyright (C) 2026 paylock contributors
 *
 * One non-blocking connection to Redis: commands strictly in turn, each with
 * a deadline.
 */


#ifndef _NGX_HTTP_PAYLOCK_REDIS_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_REDIS_H_INCLUDED_


#include "ngx_http_paylock_conf.h"
#include "ngx_http_paylock_counters.h"
#include "ngx_http_paylock_log.h"
#include "paylock_resp.h"


typedef struct ngx_http_paylock_redis_conn_s  ngx_http_paylock_redis_conn_t;

typedef void (*ngx_http_paylock_redis_reply_pt)(void *data, redisReply *reply);


/*
 * The owner sets the first members.  "ready" is called when there is a
 * connection; "failed" when there is none any more, for a reason that nginx
 * has not logged, or NULL if this worker is to leave; "optional" with replies
 * to commands that may be refused.
 */

struct ngx_http_paylock_redis_conn_s {
    ngx_http_paylock_redis_conf_t    *redis;
    ngx_log_t                        *log;
    ngx_http_paylock_counters_t      *counters;
    void                             *data;
    void                            (*ready)(void *data);
    void                            (*failed)(void *data, const char *why);
    void                            (*optional)(void *data, redisReply *reply);

    /* private */

    ngx_peer_connection_t             peer;
    ngx_log_t                         quiet_log;    /* see redis_open() */
    ngx_pool_t                       *pool;
    ngx_resolver_ctx_t               *resolve;
    ngx_addr_t                       *addrs;   /* of the name */
    ngx_uint_t                        naddrs;
    ngx_uint_t                        naddr;   /* the next one to try */
    ngx_uint_t                        addrs_left;   /* to try */
    void                            (*secured)(
                                         ngx_http_paylock_redis_conn_t *conn);
    paylock_resp_t                   *resp;
    ngx_buf_t                        *out;
    ngx_uint_t                        due;     /* replies */
    ngx_http_paylock_redis_reply_pt   handler; /* of the last one */
    ngx_msec_t                        timeout;
    redisReply                       *reply;   /* kept for the next turn */
    ngx_http_paylock_redis_reply_pt   again;   /* ... and its handler */
    ngx_event_t                       turn;
    size_t                            received;     /* since the timer began */
    uint64_t                          posted;  /* at so many ns, or 0 */
    uint64_t                          until;   /* this turn may go on */
    unsigned                          busy:1;  /* with a reply */
    unsigned                          large:1; /* replies may be */
    unsigned                          optional_due:1;    /* as next reply */
    unsigned                          from_server:1;     /* it told why */
    unsigned                          no_connections:1;  /* nginx has none */
    unsigned                          broken:1;     /* within a reply */
    unsigned                          spared:1;     /* see redis_expired() */
    char                              why[NGX_HTTP_PAYLOCK_PRINTABLE * 4 + 1];
};


/* ngx_http_paylock_hiredis.c: a shared library; nothing to do for others */

ngx_int_t ngx_http_paylock_hiredis_load(ngx_conf_t *cf);

/* ngx_http_paylock_redis_conn.c: how it ends */

void ngx_http_paylock_redis_close(ngx_http_paylock_redis_conn_t *conn);

/* Closes the connection and calls "failed". */

void ngx_http_paylock_redis_fail(ngx_http_paylock_redis_conn_t *conn,
    const char *why);

/* The same for an error reply, or a part of a reply that is one. */

void ngx_http_paylock_redis_refuse(ngx_http_paylock_redis_conn_t *conn,
    const redisReply *error);

/* A failure that conn->why explains, if it is set, or else what and err. */

void ngx_http_paylock_redis_fail_errno(ngx_http_paylock_redis_conn_t *conn,
    const char *what, ngx_err_t err);


/* ngx_http_paylock_redis_command.c */

/* Appends a command of 0-terminated words, the last followed by NULL. */

void ngx_http_paylock_redis_add(ngx_http_paylock_redis_conn_t *conn, ...);

/*
 * The command that was added, the first one to be sent, may be refused: its
 * reply goes to "optional".
 */

void ngx_http_paylock_redis_add_optional(ngx_http_paylock_redis_conn_t *conn);

/*
 * Sends what was added.  The handler gets the reply to the last of these
 * commands; an error in reply to any of them is a failure.
 */

void ngx_http_paylock_redis_send(ngx_http_paylock_redis_conn_t *conn,
    ngx_msec_t timeout, ngx_http_paylock_redis_reply_pt handler);

/* Allows for replies of so many fields and their values from now on. */

void ngx_http_paylock_redis_expect(ngx_http_paylock_redis_conn_t *conn,
    size_t fields);

void ngx_http_paylock_redis_write_handler(ngx_event_t *wev);


/* ngx_http_paylock_redis_read.c: what comes in, and the next turn */

void ngx_http_paylock_redis_read_handler(ngx_event_t *rev);
void ngx_http_paylock_redis_turn(ngx_event_t *ev);

/*
 * Has the time for an answer expired?  A timer that comes late tells that this
 * process, and perhaps Redis with it, did not run: then half a second is added,
 * once for each command.
 */

ngx_uint_t ngx_http_paylock_redis_expired(ngx_http_paylock_redis_conn_t *conn,
    ngx_event_t *ev);

/*
 * Called by a handler that has more to do: keeps the reply for another handler,
 * which is called in the next turn of the event loop, or at once in a busy
 * worker.
 */

void ngx_http_paylock_redis_again(ngx_http_paylock_redis_conn_t *conn,
    ngx_http_paylock_redis_reply_pt handler);


/* ngx_http_paylock_redis_tls.c: makes a connection safe, then calls done */

void ngx_http_paylock_redis_tls_handshake(ngx_http_paylock_redis_conn_t *conn,
    void (*done)(ngx_http_paylock_redis_conn_t *conn));

/* The writer of conn->quiet_log: what nginx says of TLS goes to conn->why. */

void ngx_http_paylock_redis_tls_log(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len);


/* ngx_http_paylock_redis_connect.c: from the name to a connection */

void ngx_http_paylock_redis_open(ngx_http_paylock_redis_conn_t *conn);


#endif /* _NGX_HTTP_PAYLOCK_REDIS_H_INCLUDED_ */
