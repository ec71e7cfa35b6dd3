
/*
 * Copyright (C) 2026 paylock contributors
 *
 * One non-blocking connection to Redis: commands strictly in turn, each with
 * a deadline.
 */


#ifndef _NGX_HTTP_PAYLOCK_LINK_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_LINK_H_INCLUDED_


#include "ngx_http_paylock_conf.h"
#include "ngx_http_paylock_count.h"
#include "ngx_http_paylock_log.h"
#include "paylock_resp.h"


typedef struct ngx_http_paylock_link_s  ngx_http_paylock_link_t;

typedef void (*ngx_http_paylock_reply_pt)(void *data, redisReply *reply);


/*
 * What the owner sets; "ready" is called when a connection is there, "failed"
 * when it is no more, for a reason that nginx has not logged.  The reason is
 * NULL if this worker is to leave.  "tried" gets what a command led to that
 * may be refused.
 */

struct ngx_http_paylock_link_s {
    ngx_http_paylock_redis_t   *redis;
    ngx_log_t                  *log;
    ngx_http_paylock_count_t   *count;
    void                       *data;
    void                      (*ready)(void *data);
    void                      (*failed)(void *data, const char *why);
    void                      (*tried)(void *data, redisReply *reply);

    /* its own */

    ngx_peer_connection_t       peer;
    ngx_log_t                   quiet;
    ngx_pool_t                 *pool;
    ngx_resolver_ctx_t         *resolve;
    ngx_addr_t                 *addrs;         /* of the name */
    ngx_uint_t                  naddrs;
    ngx_uint_t                  naddr;         /* which is the next */
    ngx_uint_t                  untried;       /* so many for this one */
    void                      (*secured)(ngx_http_paylock_link_t *link);
    paylock_resp_t             *resp;
    ngx_buf_t                  *out;
    ngx_uint_t                  due;           /* replies */
    ngx_http_paylock_reply_pt   handler;
    ngx_msec_t                  timeout;
    redisReply                 *reply;         /* kept for the next turn */
    ngx_http_paylock_reply_pt   again;         /* its handler */
    ngx_event_t                 turn;
    size_t                      got;           /* bytes, for the deadline */
    uint64_t                    posted;        /* when, in nanoseconds, or 0 */
    uint64_t                    until;         /* may this turn go on */
    unsigned                    busy:1;        /* with a reply */
    unsigned                    large:1;       /* replies may be */
    unsigned                    trying:1;      /* the reply due next is to */
    unsigned                    foreign:1;     /* the reason came from there */
    unsigned                    crowded:1;     /* nginx has none left */
    unsigned                    broken:1;      /* in the middle of a reply */
    char                        why[NGX_HTTP_PAYLOCK_PRINTABLE * 4 + 1];
};


/* ngx_http_paylock_link.c: how it ends */

void ngx_http_paylock_link_close(ngx_http_paylock_link_t *link);

/* Closes the link and calls "failed". */

void ngx_http_paylock_link_fail(ngx_http_paylock_link_t *link,
    const char *why);

/* The same for an error reply, or a part of a reply that is one. */

void ngx_http_paylock_link_refuse(ngx_http_paylock_link_t *link,
    const redisReply *error);

/* A failure that link->why explains, or else err, with what could not be. */

void ngx_http_paylock_link_errno(ngx_http_paylock_link_t *link,
    const char *what, ngx_err_t err);


/* ngx_http_paylock_command.c */

/* Appends a command of 0-terminated words, the last followed by NULL. */

void ngx_http_paylock_link_add(ngx_http_paylock_link_t *link, ...);

/*
 * Says that the command which was added, the first one to be sent, may be
 * refused: its reply goes to "tried".
 */

void ngx_http_paylock_link_try(ngx_http_paylock_link_t *link);

/*
 * Sends what was added.  The handler gets the reply to the last of these
 * commands; an error in reply to any of them is a failure of the link.
 */

void ngx_http_paylock_link_call(ngx_http_paylock_link_t *link,
    ngx_msec_t timeout, ngx_http_paylock_reply_pt handler);

/* From now on replies may be of so many fields and their values. */

void ngx_http_paylock_link_expect(ngx_http_paylock_link_t *link,
    size_t fields);

void ngx_http_paylock_link_write_handler(ngx_event_t *wev);


/* ngx_http_paylock_link_read.c: what comes in, and the next turn */

void ngx_http_paylock_link_read_handler(ngx_event_t *rev);
void ngx_http_paylock_link_turn(ngx_event_t *ev);

/*
 * From a handler: the reply stays, and another handler gets it, mostly in the
 * next turn of the event loop.  What comes in meanwhile waits.
 */

void ngx_http_paylock_link_again(ngx_http_paylock_link_t *link,
    ngx_http_paylock_reply_pt handler);


/* ngx_http_paylock_tls.c: from a connection to a safe one, then calls done */

void ngx_http_paylock_tls_handshake(ngx_http_paylock_link_t *link,
    void (*done)(ngx_http_paylock_link_t *link));

/* The writer of link->quiet: what nginx says of TLS goes to link->why. */

void ngx_http_paylock_tls_note(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len);


/* ngx_http_paylock_connect.c: from the name to a connection */

void ngx_http_paylock_link_open(ngx_http_paylock_link_t *link);


#endif /* _NGX_HTTP_PAYLOCK_LINK_H_INCLUDED_ */
