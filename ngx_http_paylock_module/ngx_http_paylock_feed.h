
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The feed: keeps the table as Redis has it.
 */


#ifndef _NGX_HTTP_PAYLOCK_FEED_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_FEED_H_INCLUDED_


#include "ngx_http_paylock_link.h"
#include "ngx_http_paylock_module.h"


/* the last entry of the chain that is known; seq is 0 if there is none */

typedef struct {
    uint64_t                       seq;
    char                           chain[PAYLOCK_CHAIN_LEN];
    char                           hash[PAYLOCK_HASH_LEN];
} ngx_http_paylock_cursor_t;


typedef struct {
    ngx_http_paylock_main_conf_t  *pmcf;
    ngx_log_t                     *log;
    ngx_atomic_uint_t              held;       /* the lease that allows it */
    void                          *data;
    void                         (*leave)(void *data);

    /* its own */

    ngx_http_paylock_link_t        link;
    ngx_event_t                    retry;
    ngx_event_t                    sweep;
    ngx_msec_t                     backoff;

    ngx_http_paylock_cursor_t      cursor;     /* applied or noted so far */
    ngx_http_paylock_cursor_t      head;       /* to be folded up to */
    int64_t                        fields;     /* in the hash at the cursor */
    ngx_msec_t                     checked;
    char                           position[24];   /* of HSCAN */
    uint32_t                       bucket;
    unsigned                       scanning:1;
    unsigned                       full:1;

    time_t                         complained;
    ngx_uint_t                     rejected;   /* in this scan */
    char                           why[256];
} ngx_http_paylock_feed_t;


/* ngx_http_paylock_feed.c */

void ngx_http_paylock_feed_start(ngx_http_paylock_feed_t *feed);
void ngx_http_paylock_feed_stop(ngx_http_paylock_feed_t *feed);


/*
 * ngx_http_paylock_apply.c: from replies to the table.  NGX_OK, or NGX_ERROR
 * with the reason in feed->why.
 */

ngx_int_t ngx_http_paylock_apply_head(ngx_http_paylock_feed_t *feed,
    const redisReply *entries, ngx_http_paylock_cursor_t *cursor);
ngx_int_t ngx_http_paylock_apply_fields(ngx_http_paylock_feed_t *feed,
    const redisReply *fields);
ngx_int_t ngx_http_paylock_apply_entries(ngx_http_paylock_feed_t *feed,
    const redisReply *entries);

/* The error that found records are too many for the zone. */

ngx_int_t ngx_http_paylock_apply_full(ngx_http_paylock_feed_t *feed,
    uint64_t found);

/* NGX_AGAIN if there is more to sweep. */

ngx_int_t ngx_http_paylock_apply_sweep(ngx_http_paylock_feed_t *feed);


#endif /* _NGX_HTTP_PAYLOCK_FEED_H_INCLUDED_ */
