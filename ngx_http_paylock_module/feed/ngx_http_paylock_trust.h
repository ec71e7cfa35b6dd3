
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The feed with "paylock_signers": an entry takes effect when a signature that
 * counts covers it, and records are never taken from the hash of Redis but by
 * the root of a signed entry.  What contradicts the signers is not applied:
 * the last state is held, until an adopt of a signer moves it.
 */


#ifndef _NGX_HTTP_PAYLOCK_TRUST_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_TRUST_H_INCLUDED_


#include "ngx_http_paylock_feed.h"
#include "paylock_lattice.h"
#include "paylock_vouch.h"


#define NGX_HTTP_PAYLOCK_ROW     1024  /* entries of a transaction, at most */
#define NGX_HTTP_PAYLOCK_PLAIN   512   /* records that name no entry */


/* a host that changes while a scan reads all records */

typedef struct ngx_http_paylock_side_s  ngx_http_paylock_side_t;

struct ngx_http_paylock_side_s {
    ngx_http_paylock_side_t         *next;
    uint64_t                         hash;     /* of its key */
    uint64_t                         seq;      /* the entry that its record is
                                                  of */
};


/* records that were written by hand, as a check finds them */

typedef struct {
    ngx_uint_t                       n;
    uint64_t                         set;      /* a hash of all */
    uint64_t                         newest;   /* entry that a record names */
    char                             name[NGX_HTTP_PAYLOCK_PRINTABLE];
    size_t                           len;      /* of the name of one */
    uint64_t                         seen[NGX_HTTP_PAYLOCK_HOSTS];
    ngx_uint_t                       nseen;
    uint32_t                         bucket;   /* the next one */
} ngx_http_paylock_by_hand_t;


/*
 * What a scan has read, added up.  "side" has the hosts whose record is not
 * that of the scan's beginning, with the entry that it is of.
 */

typedef struct {
    paylock_lattice_ctx_t            ctx;
    paylock_lattice_t                lattice;
    paylock_lattice_t                plain;    /* of records without entry */
    ngx_http_paylock_key_t           host[NGX_HTTP_PAYLOCK_PLAIN];
    ngx_uint_t                       n;        /* ... their hosts */
    uint64_t                         begin;    /* the head at the beginning */
    ngx_pool_t                      *pool;
    ngx_http_paylock_side_t        **side;
    ngx_uint_t                       nside;
} ngx_http_paylock_fold_t;


struct ngx_http_paylock_trust_s {
    paylock_verify_t                 v;
    ngx_http_paylock_cursor_t        covered;  /* the last entry signed */
    int64_t                          fields;   /* in the hash there */
    ngx_uint_t                       want;     /* entries of a reply */
    size_t                           n;        /* ... that are to be applied */
    size_t                           freed;    /* ... that are done with */
    uint64_t                         unfit;    /* the entry that does more than
                                                  its signer may; 0: none */

    ngx_http_paylock_cursor_t        head;     /* where to begin anew */
    char                             before[PAYLOCK_HASH_LEN + 1];
    char                             after[48];    /* an id of the stream */
    char                             asked[48];    /* ... the last time */
    uint64_t                         back_seq; /* the next one, walking back */
    uint64_t                         back_asked;    /* ... asked for */
    char                             back_hash[PAYLOCK_HASH_LEN + 1];
    paylock_archive_t                archive;  /* of which the way tells */
    size_t                           pin;      /* the next one */
    paylock_vouch_t                  vouch;    /* whose root counts */
    ngx_http_paylock_cursor_t        target;   /* where a walk back ends */

    char                             why[512]; /* what is held, if it is */
    ngx_msec_t                       began;    /* this attempt */
    ngx_msec_t                       tried;    /* ... its end */
    ngx_msec_t                       rest;     /* ... no other for so long */

    unsigned                         checked:1;     /* the reply's entries */
    unsigned                         adopted:1;     /* one of them adopts */
    unsigned                         folding:1;     /* else a scan checks */
    unsigned                         to_pin:1;      /* the walk goes to a pin */
    unsigned                         skipping:1;    /* ... by far steps */
    unsigned                         extends:1;     /* what is applied here, by
                                                       entries alone */
    unsigned                         vouched:1;     /* it is known */
    unsigned                         holding:1;
    unsigned                         resting:1;

    ngx_http_paylock_fold_t          fold;
    ngx_http_paylock_by_hand_t       by_hand;
};


/*
 * ngx_http_paylock_trust.c: what a worker needs for that; NULL if there is no
 * memory
 */

ngx_http_paylock_trust_t *ngx_http_paylock_trust_create(ngx_cycle_t *cycle,
    ngx_http_paylock_main_conf_t *pmcf);

/*
 * Entries as they come.  trust_entries() is
 * apply_entries() for what is signed; NGX_DECLINED: call trust_stopped().
 */

ngx_int_t ngx_http_paylock_trust_entries(ngx_http_paylock_feed_t *feed,
    const redisReply *entries);

/* Goes on behind the entry at which all that is known was verified. */

void ngx_http_paylock_trust_from(ngx_http_paylock_feed_t *feed);


/*
 * ngx_http_paylock_trust_limits.c: what entries do, by what is in force here
 */

ngx_uint_t ngx_http_paylock_trust_waits(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry);
ngx_int_t ngx_http_paylock_trust_limits(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry);

/* The same for a host of which a scan has seen the record before. */

ngx_int_t ngx_http_paylock_trust_limits_noted(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry, const ngx_http_paylock_key_t *key);


/* ngx_http_paylock_trust_resume.c: where to go on from */

void ngx_http_paylock_trust_resume(void *data, redisReply *reply);

/* Goes on from what is applied here, which some signers file has verified. */

void ngx_http_paylock_trust_go_on(ngx_http_paylock_feed_t *feed);
void ngx_http_paylock_trust_stopped(ngx_http_paylock_feed_t *feed);


/*
 * ngx_http_paylock_trust_begin.c: from a signed head to a scan of all records
 */

void ngx_http_paylock_trust_begin(void *data, redisReply *reply);

/*
 * The second half: the pins of the signers file.  The other is called at the
 * end of the walk back to a pin.
 */

void ngx_http_paylock_trust_pins(ngx_http_paylock_feed_t *feed);
void ngx_http_paylock_trust_pin_walked(ngx_http_paylock_feed_t *feed,
    ngx_uint_t good);

/* The end: the scan, once it is known whose root counts. */

void ngx_http_paylock_trust_scan(ngx_http_paylock_feed_t *feed);

/* Holds for that reason, or for one that was found before and tells more. */

void ngx_http_paylock_trust_refuse(ngx_http_paylock_feed_t *feed,
    const char *why);


/*
 * ngx_http_paylock_trust_back.c: between the two: does the head follow what is
 * known here, or did a signer give that up or archive it?  The same for what is
 * pinned: with trust->skipping set in some tens of steps, if nothing was given
 * up or archived there.
 */

void ngx_http_paylock_trust_back(ngx_http_paylock_feed_t *feed,
    const ngx_http_paylock_cursor_t *target);

/* Is the entry alone signed by a signer who counts? */

ngx_uint_t ngx_http_paylock_trust_alone(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry);


/*
 * ngx_http_paylock_trust_vouch.c: from a head whose root does not count by
 * itself back to an entry whose does.  The first takes the head, the second
 * walks, then scans; both hold if an entry on the way does not count.
 */

ngx_int_t ngx_http_paylock_trust_vouch_head(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry);
void ngx_http_paylock_trust_vouch(ngx_http_paylock_feed_t *feed);


/*
 * ngx_http_paylock_trust_hold.c: nothing is applied, for a reason in
 * trust->why; waits for another attempt.  trust_woken() is called after the
 * wait.
 */

void ngx_http_paylock_trust_hold(ngx_http_paylock_feed_t *feed,
    const char *fmt, ...);
void ngx_http_paylock_trust_woken(ngx_http_paylock_feed_t *feed,
    ngx_uint_t entries);

/* Is it because of nothing more than an empty Redis? */

void ngx_http_paylock_trust_hold_empty(ngx_http_paylock_feed_t *feed);


/* ngx_http_paylock_trust_scan.c: a scan that is to fit the root */

ngx_int_t ngx_http_paylock_trust_scan_begin(ngx_http_paylock_feed_t *feed);
ngx_int_t ngx_http_paylock_trust_scan_fields(ngx_http_paylock_feed_t *feed,
    redisReply *fields);
ngx_int_t ngx_http_paylock_trust_scan_entries(ngx_http_paylock_feed_t *feed,
    const redisReply *entries);

/* Sets the error that there is no memory; returns NGX_ERROR. */

ngx_int_t ngx_http_paylock_trust_scan_failed(ngx_http_paylock_feed_t *feed);

/*
 * Do all records that were read fit?  NGX_DECLINED: they do not, and v.fault
 * says what.
 */

ngx_int_t ngx_http_paylock_trust_scan_fits(ngx_http_paylock_feed_t *feed);


/* ngx_http_paylock_trust_side.c: what it notes beside the table */

ngx_int_t ngx_http_paylock_trust_side_begin(ngx_http_paylock_feed_t *feed);
ngx_http_paylock_side_t *ngx_http_paylock_trust_side(
    ngx_http_paylock_fold_t *fold, const ngx_http_paylock_key_t *key);
ngx_int_t ngx_http_paylock_trust_side_set(ngx_http_paylock_feed_t *feed,
    const ngx_http_paylock_key_t *key, uint64_t seq);

/* The host's record names an entry now.  All that do not are left out. */

void ngx_http_paylock_trust_plain_forget(ngx_http_paylock_fold_t *fold,
    const ngx_http_paylock_key_t *key);
ngx_int_t ngx_http_paylock_trust_plain_drop(ngx_http_paylock_feed_t *feed);


/*
 * ngx_http_paylock_trust_check.c: a scan that only looks for what was written
 * by hand
 */

void ngx_http_paylock_trust_check(void *data, redisReply *reply);
ngx_int_t ngx_http_paylock_trust_check_fields(ngx_http_paylock_feed_t *feed,
    redisReply *fields);
void ngx_http_paylock_trust_check_end(void *data, redisReply *reply);

/* The same for the records that a scan has left out. */

void ngx_http_paylock_trust_check_tell(ngx_http_paylock_feed_t *feed);


#endif /* _NGX_HTTP_PAYLOCK_TRUST_H_INCLUDED_ */
