
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The feed: keeps the table as Redis has it.  One worker runs it, the owner of
 * the lease.
 */


#ifndef _NGX_HTTP_PAYLOCK_FEED_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_FEED_H_INCLUDED_


#include "ngx_http_paylock_redis.h"
#include "ngx_http_paylock_node.h"
#include "paylock_archive.h"


#define NGX_HTTP_PAYLOCK_BATCH  256    /* fields or entries a reply */
#define NGX_HTTP_PAYLOCK_SEEN   1024   /* hosts, twice as many as are noted */
#define NGX_HTTP_PAYLOCK_HOSTS  2048   /* a set of hosts, to be half full */

/* milliseconds before another attempt, half of it at least; grows */

#define NGX_HTTP_PAYLOCK_BACKOFF_MIN  200

/* in a turn of the event loop: about 10 us */

#define NGX_HTTP_PAYLOCK_FIELDS   16   /* HSCAN: names and values */
#define NGX_HTTP_PAYLOCK_ENTRIES  2
#define NGX_HTTP_PAYLOCK_BUCKETS  32   /* looked at or swept */


/* kinds of errors; bits, as each is logged once in an outage */

typedef enum {
    NGX_HTTP_PAYLOCK_FEED_LOST = 1,            /* no answer, or a busy zone */
    NGX_HTTP_PAYLOCK_FEED_REFUSED = 2,         /* the user or a command */
    NGX_HTTP_PAYLOCK_FEED_FULL = 4,            /* the zone, or connections */
    NGX_HTTP_PAYLOCK_FEED_WRONG = 8,           /* what was read, or the zone */
    NGX_HTTP_PAYLOCK_FEED_UNFIT = 16           /* a server that is no use */
} ngx_http_paylock_feed_error_e;


typedef struct ngx_http_paylock_trust_s  ngx_http_paylock_trust_t;


typedef struct {
    ngx_http_paylock_main_conf_t     *pmcf;
    ngx_log_t                        *log;
    ngx_atomic_uint_t                 lease;   /* that allows it, or 0 */
    void                             *data;
    void                            (*leave)(void *data);

    ngx_http_paylock_trust_t         *trust;   /* NULL: without signers */

    /* private */

    ngx_http_paylock_redis_conn_t     conn;
    ngx_event_t                       retry;
    ngx_msec_t                        backoff;

    ngx_http_paylock_cursor_t         cursor;  /* followed so far */
    ngx_http_paylock_cursor_t         head;    /* to be followed to */
    char                              root[PAYLOCK_HASH_LEN];
                                               /* signed there, or zeros */
    int64_t                           fields;  /* in the hash at the cursor */
    int64_t                           head_fields;
    ngx_msec_t                        checked; /* the head, last */
    ngx_msec_t                        asked;   /* for entries, last */
    ngx_msec_t                        block;   /* they may be waited for */
    size_t                            done;    /* of a reply, in slices */
    size_t                            complete;     /* entries of a reply that
                                                       are to be applied */
    unsigned                          order;   /* what takes effect now */
    unsigned                          later;   /* what is left, 1 << order */

    /* a scan */

    ngx_msec_t                        started;
    char                              position[24]; /* of HSCAN */
    uint64_t                          fields_left;  /* of HSCAN, at most */
    ngx_http_paylock_cursor_t         walked_to;    /* from the head back */
    paylock_archive_t                 archive; /* the last that is told of */
    int64_t                           added;   /* fields, by those entries */
    uint64_t                          seen[NGX_HTTP_PAYLOCK_HOSTS];
    ngx_uint_t                        nseen;
    ngx_http_paylock_sweep_t          sweep;
    unsigned                          scanning:1;
    unsigned                          prefetched:1; /* HSCAN was sent again */
    unsigned                          looked:1;
    unsigned                          first:1; /* nothing was known before */
    unsigned                          extends_known:1; /* the head does */
    unsigned                          saw_adopt:1;  /* walking back */
    unsigned                          adopted:1;
    unsigned                          missed_entries:1;
    unsigned                          head_invalid:1;  /* it is no entry */
    unsigned                          catching_up:1;   /* before the scan */
    unsigned                          replica:1;    /* it takes no reports */

    ngx_uint_t                        batch;   /* fields, entries a reply */
    uint32_t                          unnoted; /* fields: the zone was full */
    uint32_t                          without_slot; /* fields: no records */
    ngx_http_paylock_feed_error_e     error;
    time_t                            reject_logged;
    ngx_uint_t                        rejected;     /* fields of this scan */
    char                              why[256];     /* the error */

    /* what was reported of this nginx */

    int64_t                           clock_offset; /* Redis' time less
                                                       ngx_current_msec */
    ngx_msec_t                        reported;
    ngx_http_paylock_node_state_e     reported_state;
    ngx_http_paylock_cursor_t         reported_cursor;
    char                              refused[NGX_HTTP_PAYLOCK_PRINTABLE * 4
                                              + 1];
} ngx_http_paylock_feed_t;


/* ngx_http_paylock_feed.c */

void ngx_http_paylock_feed_start(ngx_http_paylock_feed_t *feed);
void ngx_http_paylock_feed_stop(ngx_http_paylock_feed_t *feed);


/* ngx_http_paylock_follow.c: entries, as they come */

/* Asks for the entries after the cursor; waits for them up to block ms. */

void ngx_http_paylock_feed_ask_entries(ngx_http_paylock_feed_t *feed,
    ngx_msec_t block);
void ngx_http_paylock_feed_follow(ngx_http_paylock_feed_t *feed);

/* Asks for n entries, or as many as there are, from seq back. */

void ngx_http_paylock_feed_ask_back(ngx_http_paylock_feed_t *feed,
    uint64_t seq, ngx_uint_t n, ngx_http_paylock_redis_reply_pt handler);

/* The entries of a reply to XREAD; NULL: it is none. */

redisReply *ngx_http_paylock_feed_stream(redisReply *reply);


/* ngx_http_paylock_feed_error.c */

/* Sets feed->error and feed->why; returns NGX_ERROR. */

ngx_int_t ngx_http_paylock_feed_error(ngx_http_paylock_feed_t *feed,
    ngx_http_paylock_feed_error_e error, const char *fmt, ...);

/* The same: so many records were found that the zone is too small. */

ngx_int_t ngx_http_paylock_feed_full(ngx_http_paylock_feed_t *feed,
    uint64_t found);

/* Closes the connection: a Redis that is of any use does not answer so. */

void ngx_http_paylock_feed_unfit(ngx_http_paylock_feed_t *feed,
    const char *why);


/*
 * ngx_http_paylock_head.c: the head of the stream, the size of the hash and
 * the role of Redis, at one moment
 */

void ngx_http_paylock_head_ask(ngx_http_paylock_feed_t *feed,
    ngx_http_paylock_redis_reply_pt handler);
ngx_int_t ngx_http_paylock_head_read(ngx_http_paylock_feed_t *feed,
    redisReply *reply, ngx_http_paylock_cursor_t *cursor, int64_t *fields);


/* ngx_http_paylock_scan_back.c: from the head back, then a scan if need be */

void ngx_http_paylock_scan_start(void *data, redisReply *reply);


/* ngx_http_paylock_scan.c: all records, to the sweep */

/* From feed->cursor on, the head, whatever is known. */

void ngx_http_paylock_scan_begin(ngx_http_paylock_feed_t *feed);

/* Follows up to feed->head; then begins, or ends a scan that is under way. */

void ngx_http_paylock_scan_catch_up(ngx_http_paylock_feed_t *feed);
void ngx_http_paylock_scan_ask_fields(ngx_http_paylock_feed_t *feed);

/* Called after each reply. */

void ngx_http_paylock_scan_goes_on(ngx_http_paylock_feed_t *feed);


/* ngx_http_paylock_trust_scan.c: with signers, ends a scan that is under way */

void ngx_http_paylock_trust_scan_end(ngx_http_paylock_feed_t *feed);


/*
 * ngx_http_paylock_resume.c: after a new connection, follows on from the head
 * if that is possible, else scans
 */

void ngx_http_paylock_resume(void *data, redisReply *reply);


/*
 * ngx_http_paylock_schedule.c: when to scan; scans take a hundredth of the time
 * at most
 */

/* Is a scan due, if the hash has "fields" and not "expected" fields? */

ngx_uint_t ngx_http_paylock_schedule_scan_due(ngx_http_paylock_feed_t *feed,
    int64_t fields, int64_t expected);

/* ... if not, in how many milliseconds? */

ngx_msec_t ngx_http_paylock_schedule_next_scan(ngx_http_paylock_feed_t *feed);

/*
 * Accounts for a scan that ended or was broken off; returns how long it took.
 */

ngx_msec_t ngx_http_paylock_schedule_scanned(ngx_http_paylock_feed_t *feed);


/*
 * ngx_http_paylock_chain.c: how entries belong together.  NGX_OK, or
 * NGX_ERROR with the reason in feed->why.
 */

/* The cursor at the head; NGX_DECLINED: the last entry is invalid. */

ngx_int_t ngx_http_paylock_chain_head(ngx_http_paylock_feed_t *feed,
    const redisReply *entries, ngx_http_paylock_cursor_t *cursor);

/* The cursor at an entry. */

void ngx_http_paylock_chain_cursor(ngx_http_paylock_cursor_t *cursor,
    const paylock_entry_t *entry);

/* By how many fields the entry has changed the size of the hash: -1, 0 or 1. */

int ngx_http_paylock_chain_adds(const paylock_entry_t *entry);

/*
 * Moves feed->cursor to the entry, if that continues the chain.  NGX_DECLINED:
 * the stream was started anew, a scan has to find out how.
 */

ngx_int_t ngx_http_paylock_chain_next(ngx_http_paylock_feed_t *feed,
    const redisReply *entry);

/*
 * A slice of entries on the way back from the head to feed->pmcf->node->cursor,
 * the last first, from feed->done on: NGX_AGAIN if there is more of them,
 * NGX_DONE when it is known how the two belong together, in
 * feed->extends_known and feed->adopted.
 */

ngx_int_t ngx_http_paylock_chain_back(ngx_http_paylock_feed_t *feed,
    const redisReply *entries);


/*
 * ngx_http_paylock_apply.c: writes to the table.  NGX_ERROR if this worker has
 * lost the lease.
 */

ngx_int_t ngx_http_paylock_apply_lock(ngx_http_paylock_feed_t *feed);
void ngx_http_paylock_apply_unlock(ngx_http_paylock_feed_t *feed);

/* Starts a scan: notes of an earlier one are void. */

ngx_int_t ngx_http_paylock_apply_begin(ngx_http_paylock_feed_t *feed);

/* Makes feed->cursor what is known of the chain, for all workers. */

ngx_int_t ngx_http_paylock_apply_commit(ngx_http_paylock_feed_t *feed);

/* Returns 1 if the host is in the set, else adds it. */

ngx_uint_t ngx_http_paylock_apply_seen(uint64_t *seen,
    const ngx_http_paylock_key_t *key);


/*
 * ngx_http_paylock_apply_fields.c: from replies to the table.
 *
 * What has many parts is done in slices, one in a turn of the event loop, so
 * short that a request does not notice: NGX_AGAIN if there is more.
 * feed->done, 0 at first, tells where to go on.
 */

ngx_int_t ngx_http_paylock_apply_fields(ngx_http_paylock_feed_t *feed,
    redisReply *fields);

/* The same with another handler, which takes a host and its record. */

typedef ngx_int_t (*ngx_http_paylock_field_pt)(ngx_http_paylock_feed_t *feed,
    const redisReply *host, const redisReply *value);

ngx_int_t ngx_http_paylock_apply_page(ngx_http_paylock_feed_t *feed,
    redisReply *fields, ngx_http_paylock_field_pt handler);

/* Passes over all buckets twice: the look, then the sweep. */

ngx_int_t ngx_http_paylock_apply_sweep(ngx_http_paylock_feed_t *feed);


/* ngx_http_paylock_apply_entries.c: likewise */

ngx_int_t ngx_http_paylock_apply_entries(ngx_http_paylock_feed_t *feed,
    const redisReply *entries);

/* The rest of it: the first feed->complete entries are known to be good. */

ngx_int_t ngx_http_paylock_apply_verified(ngx_http_paylock_feed_t *feed,
    const redisReply *entries);


/*
 * ngx_http_paylock_node_report.c: what this nginx reports of itself.  Times in
 * reports are by Redis' clock, which is known by its replies to TIME.
 */

ngx_int_t ngx_http_paylock_node_clock(ngx_http_paylock_feed_t *feed,
    const redisReply *time);
ngx_msec_t ngx_http_paylock_node_wait(ngx_http_paylock_feed_t *feed);
void ngx_http_paylock_node_report(ngx_http_paylock_feed_t *feed);
void ngx_http_paylock_node_reported(void *data, redisReply *reply);


/* ngx_http_paylock_report.c: what is logged of the feed's state */

void ngx_http_paylock_report_state(ngx_http_paylock_feed_t *feed,
    ngx_http_paylock_node_state_e state);
void ngx_http_paylock_report_age(ngx_http_paylock_feed_t *feed);
void ngx_http_paylock_report_failure(ngx_http_paylock_feed_t *feed,
    const char *why);
void ngx_http_paylock_report_scan(ngx_http_paylock_feed_t *feed);
void ngx_http_paylock_report_reject(ngx_http_paylock_feed_t *feed,
    const char *what, const char *host, size_t len, const char *why);


#endif /* _NGX_HTTP_PAYLOCK_FEED_H_INCLUDED_ */
