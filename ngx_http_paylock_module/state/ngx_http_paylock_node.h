
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A node: who feeds its zone, how far it is, and what it reports of that.
 */


#ifndef _NGX_HTTP_PAYLOCK_NODE_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_NODE_H_INCLUDED_


#include "ngx_http_paylock_conf.h"
#include "paylock_audit.h"


/* what the zone holds beside the table: who feeds it, and how far it is */

typedef enum {
    NGX_HTTP_PAYLOCK_EMPTY = 0,
    NGX_HTTP_PAYLOCK_DISK,
    NGX_HTTP_PAYLOCK_SYNCING,
    NGX_HTTP_PAYLOCK_LIVE,
    NGX_HTTP_PAYLOCK_STALE,
    NGX_HTTP_PAYLOCK_DIVERGED
} ngx_http_paylock_state_e;


/* an entry of the chain */

typedef paylock_position_t  ngx_http_paylock_cursor_t;


/* which state file that is, and whose key it was to have; all zero: none */

typedef struct {
    uint64_t                     device;
    uint64_t                     inode;
    uint64_t                     size;
    uint64_t                     sec;
    uint64_t                     nsec;
    u_char                       key[8];
} ngx_http_paylock_stamp_t;


#define NGX_HTTP_PAYLOCK_TOLD  16


/* the names of hosts that were flipped last, since the table has none */

#define NGX_HTTP_PAYLOCK_RECENT  32

typedef struct {
    u_char                       len;
    char                         name[255];
} ngx_http_paylock_recent_t;


struct ngx_http_paylock_node_sh_s {
    ngx_atomic_t                 lease;        /* token and pid, or 0 */
    ngx_atomic_t                 token;        /* the last one given */
    ngx_atomic_t                 heartbeat;    /* ngx_current_msec */

    ngx_http_paylock_state_e     state;
    ngx_uint_t                   rejected;     /* fields that are no records */
    ngx_uint_t                   alerted;      /* troubles logged so far */
    ngx_uint_t                   ntold;        /* reasons */
    uint32_t                     told[NGX_HTTP_PAYLOCK_TOLD];   /* hashes */
    ngx_msec_t                   answered;     /* the last good answer */

    int64_t                      ahead;        /* our clock less Redis', ms */
    ngx_uint_t                   timed;        /* it is known */
    ngx_uint_t                   unreported;   /* reports refused in a row */
    ngx_uint_t                   synced;       /* a scan was published */
    ngx_uint_t                   gone;         /* ... the stream was then */
    ngx_uint_t                   by_hand;      /* hosts opened without entry */
    ngx_uint_t                   overtaken;    /* the cursor, by the table */

    int64_t                      fields;       /* in the hash at the cursor */
    ngx_msec_t                   scanned;      /* the last scan; 0: none yet */
    ngx_msec_t                   lasted;
    ngx_msec_t                   paid;         /* scans are, after that time */
    size_t                       table_size;

    ngx_http_paylock_cursor_t    cursor;       /* what has been applied */
    ngx_http_paylock_cursor_t    position;     /* the furthest of its chain */

    ngx_http_paylock_stamp_t     stamp;        /* the state file last seen */
    uint64_t                     saved;        /* changes that are in it */
    ngx_uint_t                   unsaved;      /* that it failed was logged */

    ngx_uint_t                   nrecent;
    ngx_http_paylock_recent_t    recent[NGX_HTTP_PAYLOCK_RECENT];
};


/* ngx_http_paylock_node.c */

extern const char *const  ngx_http_paylock_node_states[];

/* Takes the lease if it is free; 0 if it is not. */

ngx_atomic_uint_t ngx_http_paylock_lease_take(
    ngx_http_paylock_node_sh_t *node);

/* Has nobody the lease, or nobody who renews it? */

ngx_uint_t ngx_http_paylock_lease_is_free(ngx_http_paylock_node_sh_t *node);


#endif /* _NGX_HTTP_PAYLOCK_NODE_H_INCLUDED_ */
