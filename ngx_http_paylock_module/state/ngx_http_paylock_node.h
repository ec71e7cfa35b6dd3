
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the zone holds beside the table: which worker feeds it, and how far it
 * has come.  All workers read it; the one that holds the lease writes it.
 */


#ifndef _NGX_HTTP_PAYLOCK_NODE_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_NODE_H_INCLUDED_


#include "ngx_http_paylock_conf.h"
#include "paylock_audit.h"


typedef enum {
    NGX_HTTP_PAYLOCK_NODE_EMPTY = 0,           /* nothing is known yet */
    NGX_HTTP_PAYLOCK_NODE_DISK,                /* what the state file held */
    NGX_HTTP_PAYLOCK_NODE_SYNCING,
    NGX_HTTP_PAYLOCK_NODE_LIVE,
    NGX_HTTP_PAYLOCK_NODE_STALE,               /* no good answer from Redis */
    NGX_HTTP_PAYLOCK_NODE_DIVERGED             /* hosts are held */
} ngx_http_paylock_node_state_e;


/* an entry of the chain */

typedef paylock_position_t  ngx_http_paylock_cursor_t;


/*
 * Identifies a state file, and the key that it is to be signed with; all zero:
 * no file.
 */

typedef struct {
    uint64_t                          device;
    uint64_t                          inode;
    uint64_t                          size;
    uint64_t                          sec;     /* st_mtim */
    uint64_t                          nsec;
    u_char                            key[8];
} ngx_http_paylock_stamp_t;


#define NGX_HTTP_PAYLOCK_TOLD  16


/* names of the hosts that were changed last: the table has hashes alone */

#define NGX_HTTP_PAYLOCK_RECENT  32

typedef struct {
    u_char                            len;
    char                              name[255];
} ngx_http_paylock_recent_t;


/* times are values of ngx_current_msec, unless another unit is named */

struct ngx_http_paylock_node_sh_s {
    ngx_atomic_t                      lease;   /* token and pid, or 0 */
    ngx_atomic_t                      token;   /* the last one given */
    ngx_atomic_t                      heartbeat;    /* of the lease's owner */

    ngx_http_paylock_node_state_e     state;
    ngx_uint_t                        rejected;     /* fields, no records */
    ngx_uint_t                        alerted; /* errors logged: bits */
    ngx_uint_t                        ntold;   /* reasons logged */
    uint32_t                          told[NGX_HTTP_PAYLOCK_TOLD];
                                               /* ... their hashes */
    ngx_msec_t                        answered;     /* the last good answer */

    int64_t                           ahead;   /* our clock less Redis', ms */
    ngx_uint_t                        timed;   /* ... is known */
    ngx_uint_t                        unreported;   /* reports refused since
                                                       one was accepted */
    ngx_uint_t                        synced;  /* a scan was published */
    ngx_uint_t                        gone;    /* the stream: it was logged */
    ngx_uint_t                        by_hand; /* hosts opened without an
                                                  entry, since the last one */
    ngx_uint_t                        overtaken;    /* the table is ahead of
                                                       the cursor: scan */

    int64_t                           fields;  /* in the hash at the cursor */
    ngx_msec_t                        scanned; /* the last scan; 0: none yet */
    ngx_msec_t                        lasted;  /* ... milliseconds */
    ngx_msec_t                        paid;    /* until then scans have had
                                                  their share of the time */
    size_t                            table_size;

    ngx_http_paylock_cursor_t         cursor;  /* what has been applied */
    ngx_http_paylock_cursor_t         position;     /* the furthest entry of
                                                       its chain */

    /* by signers: the root signed at the cursor, else zeros; which signers */

    char                              root[PAYLOCK_HASH_LEN];
    u_char                            trust[PAYLOCK_STATE_TRUST];
    uint32_t                          refused; /* what was held was logged:
                                                  a hash of the reason, or 0 */
    uint64_t                          by_hand_set;  /* records written by hand:
                                                       a hash of them, */
    ngx_uint_t                        unaudited;    /* ... so many */

    ngx_http_paylock_stamp_t          stamp;   /* the state file last seen */
    uint64_t                          saved;   /* table.changes in that file */
    ngx_uint_t                        unsaved; /* a failure was logged */

    ngx_uint_t                        nrecent;
    ngx_http_paylock_recent_t         recent[NGX_HTTP_PAYLOCK_RECENT];
};


/*
 * A lease is its owner's pid, which has no more bits than these anywhere, and
 * above it the token: ten bits of that where a word has 32.  It tells the
 * leases of one process apart, which forgets the one before when it takes the
 * next.
 */

#define NGX_HTTP_PAYLOCK_LEASE_BITS  22

#define ngx_http_paylock_lease_pid(held)                                      \
    ((ngx_pid_t) ((held) & ((1 << NGX_HTTP_PAYLOCK_LEASE_BITS) - 1)))


/* ngx_http_paylock_node.c */

extern const char *const  ngx_http_paylock_node_states[];

/* Takes the lease if it is free, else returns 0. */

ngx_atomic_uint_t ngx_http_paylock_lease_take(
    ngx_http_paylock_node_sh_t *node);

/* Is there no owner, or one that is gone or has not renewed it in time? */

ngx_uint_t ngx_http_paylock_lease_is_free(ngx_http_paylock_node_sh_t *node);


#endif /* _NGX_HTTP_PAYLOCK_NODE_H_INCLUDED_ */
