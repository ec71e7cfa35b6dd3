
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The records of all hosts in shared memory.  Readers take no lock.  Writers
 * hold the zone's slab mutex, which is theirs to take and to release.
 *
 * A bucket heads a chain of slots and carries a version.  A slot never
 * changes while readers can find it, but for its flags: a record is replaced
 * by a new slot.  Between the moment at which a slot leaves its chain and
 * that at which it may be used again the version goes up; so a reader that
 * finds the version as it was has met no slot that was used again.  Every
 * change becomes visible by one store, so that a writer may be killed
 * anywhere: it leaves at most slots that belong to nobody, which the next one
 * collects.
 */


#ifndef _NGX_HTTP_PAYLOCK_TABLE_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_TABLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "paylock_host_candidates.h"
#include "paylock_record.h"
#include "paylock_state.h"
#include "paylock_timeline.h"


#define NGX_HTTP_PAYLOCK_SECRET  PAYLOCK_STATE_SECRET

/*
 * longer than any chain: a reader that comes this far has lost its chain, and
 * finds another version
 */

#define NGX_HTTP_PAYLOCK_STEPS   1024


/*
 * 64 bits of keyed hash instead of the name; the upper half chooses the bucket.
 * Low bits tell relatives apart: a suffix record has the hash of the name
 * behind "*." or "." with its kind added; a name with "www."  has that of the
 * rest with NGX_HTTP_PAYLOCK_WWW added for each "www.".  With a million records
 * and ten million names the chance of any collision is below one in a million.
 */

typedef struct {
    uint64_t                       hash;
    uint32_t                       suffix;     /* a slot's flag, or 0 */
} ngx_http_paylock_key_t;


#define NGX_HTTP_PAYLOCK_WWW      4            /* times the number of "www." */

#define NGX_HTTP_PAYLOCK_LENGTHS  256          /* of suffixes */


typedef struct {
    uint32_t                       version;
    uint32_t                       head;       /* index of a slot, or 0 */
} ngx_http_paylock_bucket_t;


typedef struct {
    uint32_t                       next;
    uint32_t                       flags;
    uint64_t                       hash;
    paylock_record_t               record;
} __attribute__((aligned(8)))  ngx_http_paylock_slot_t;   /* 64 bytes, with
                                                             32 bits, too */


/* what lives in the segment; the buckets and the slots follow it */

typedef struct {
    uint32_t                       capacity;
    uint32_t                       count;      /* records that readers find */
    uint64_t                       lengths[NGX_HTTP_PAYLOCK_LENGTHS / 64];
                                               /* bits: those of suffixes */
    uint32_t                       held;       /* ... of held hosts */
    uint32_t                       taken;      /* slots in chains */
    uint32_t                       used;       /* slots ever taken */
    uint32_t                       free;       /* list of those given back */
    uint32_t                       scan;       /* number of the last scan */
    uint32_t                       dirty;      /* a writer is at work */
    uint64_t                       changes;    /* raised before each */
    u_char                         secret[NGX_HTTP_PAYLOCK_SECRET];
    uint32_t                       length[NGX_HTTP_PAYLOCK_LENGTHS];
                                               /* suffix records, [0]: others */
} ngx_http_paylock_table_sh_t;


/* what lives in the cycle */

typedef struct {
    ngx_http_paylock_table_sh_t   *sh;
    ngx_http_paylock_bucket_t     *buckets;
    ngx_http_paylock_slot_t       *slots;      /* slots[0] is not used */
    unsigned                       defaults;   /* 1 << stage each */
} ngx_http_paylock_table_t;


/* How many records fit into size bytes. */

uint32_t ngx_http_paylock_table_capacity(size_t size);

/*
 * Points the table to a segment of size bytes, 64-byte aligned.  If fresh,
 * the segment, all zero, becomes an empty table keyed by secret.
 */

void ngx_http_paylock_table_attach(ngx_http_paylock_table_t *table,
    void *segment, size_t size, const u_char *secret);

/*
 * The key of a name; kind() turns it into that of one of its suffix records,
 * with len, the length of the name.
 */

void ngx_http_paylock_table_key(const ngx_http_paylock_table_t *table,
    const u_char *name, size_t len, ngx_http_paylock_key_t *key);
void ngx_http_paylock_table_kind(ngx_http_paylock_key_t *key,
    paylock_host_kind_e kind, size_t len);

/* The key of a record by its field in Redis. */

void ngx_http_paylock_table_field(ngx_http_paylock_table_t *table,
    const char *field, size_t len, ngx_http_paylock_key_t *key);

/*
 * Copies the record of a host, if record is not NULL; 1 if there is one, else
 * 0.  Takes no lock.
 */

ngx_uint_t ngx_http_paylock_table_find(const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, paylock_record_t *record);

/*
 * May there be suffix records of the names that this one is below?  Suffixes
 * of 64 characters and more are not looked at.
 */

ngx_uint_t ngx_http_paylock_table_above(const ngx_http_paylock_table_t *table,
    const u_char *name, size_t len);


/*
 * ngx_http_paylock_table_guard.c: does the record, in place of live (NULL:
 * there is none), open what is closed, now or later?
 */

ngx_uint_t ngx_http_paylock_opens(const ngx_http_paylock_table_t *table,
    const char *field, size_t len, const paylock_record_t *live,
    const paylock_record_t *record, uint32_t now);

/*
 * Would it, where the host has none that decides, make it less strict at that
 * moment than the record of another name, or a default, does?
 */

ngx_uint_t ngx_http_paylock_relaxes(const ngx_http_paylock_table_t *table,
    const char *field, size_t len, const paylock_record_t *record,
    uint32_t now);


/*
 * For the writer, which holds the mutex.  The functions below are called
 * between begin and end.  begin() recovers what a killed writer has left;
 * NGX_ERROR if there is no memory for that.  NGX_DECLINED: the table is full,
 * nothing was changed.
 */

ngx_int_t ngx_http_paylock_table_begin(ngx_http_paylock_table_t *table);
void ngx_http_paylock_table_end(ngx_http_paylock_table_t *table);

/* Sets the record of a host; NULL removes it. */

ngx_int_t ngx_http_paylock_table_set(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record);

/* Sets it, unless there is one. */

ngx_int_t ngx_http_paylock_table_add(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record);

/*
 * In which order a change is to take effect among others, see
 * paylock_timeline_order().
 */

paylock_order_e ngx_http_paylock_table_order(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record,
    uint32_t now);

/*
 * A scan is noted beside the records that readers find: scan() starts it,
 * note() notes a record, keep() that a host keeps the record it has (0: it has
 * none). Then look() and sweep() pass over all buckets, in slices; they publish
 * what was noted and drop what was not.  Records that are set meanwhile count
 * as noted.  Notes of a scan that was not swept are void when the next one
 * starts.
 */

void ngx_http_paylock_table_scan(ngx_http_paylock_table_t *table);
ngx_int_t ngx_http_paylock_table_note(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record);
ngx_uint_t ngx_http_paylock_table_keep(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key);

/*
 * Has the scan noted the host, or does it keep its record?  Copies that
 * record.  Forgets that.
 */

ngx_uint_t ngx_http_paylock_table_noted(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key);
ngx_uint_t ngx_http_paylock_table_note_find(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, paylock_record_t *record);
void ngx_http_paylock_table_forget(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key);

/*
 * Passes over up to n buckets from *bucket on: adds how many records that
 * readers find the scan has not noted, and a hash of which.  NGX_AGAIN: there
 * are more buckets.
 */

ngx_int_t ngx_http_paylock_table_unnoted(ngx_http_paylock_table_t *table,
    uint32_t *bucket, uint32_t n, ngx_uint_t *found, uint64_t *set);

/*
 * After note(): marks the note if it would open a host, now or later, that the
 * records which readers find keep closed.
 */

void ngx_http_paylock_table_guard(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const char *field, size_t len,
    uint32_t now);

/*
 * An entry of the chain made this the record of the host (NULL: none).  If it
 * opens the host at some time, it explains what the next scan shows, and no
 * later one: returns 1.
 */

ngx_uint_t ngx_http_paylock_table_explain(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record,
    uint32_t now);

/*
 * Is a scan believed that opens a host, or makes revoked passes good, without
 * an entry that explains it?  ALL: yes; NEW: yes, unless the host is held
 * already; NONE: no, the host is held.  What closes a host is always believed.
 * A host without a record of its own is held by an empty record: it sets no
 * stage, so that the record which matched before still does.
 */

typedef enum {
    NGX_HTTP_PAYLOCK_BELIEVE_ALL = 0,
    NGX_HTTP_PAYLOCK_BELIEVE_NEW,
    NGX_HTTP_PAYLOCK_BELIEVE_NONE
} ngx_http_paylock_belief_e;


typedef struct {
    uint32_t                       bucket;     /* the next one; 0 at first */
    uint32_t                       now;        /* Unix seconds */
    ngx_http_paylock_belief_e      belief;
    uint32_t                       seen;       /* hosts noted */
    uint32_t                       lost;       /* to be opened, not held */
    uint32_t                       revoked;    /* ... only revoked passes */
    uint32_t                       changed;    /* records */
    unsigned                       order;      /* what takes effect now */
    unsigned                       later;      /* what is left, 1 << order */
} ngx_http_paylock_sweep_t;


/*
 * Pass over up to n buckets; NGX_AGAIN until the last one was passed, then
 * NGX_OK. look() counts what would be opened, and publishes what can open
 * nothing; the belief is needed after it only, unless it is ALL.
 */

ngx_int_t ngx_http_paylock_table_look(ngx_http_paylock_table_t *table,
    ngx_http_paylock_sweep_t *sweep, uint32_t n);
ngx_int_t ngx_http_paylock_table_sweep(ngx_http_paylock_table_t *table,
    ngx_http_paylock_sweep_t *sweep, uint32_t n);

/*
 * Copies all records of another table, which has the same secret; NGX_DECLINED
 * if they do not fit.
 */

ngx_int_t ngx_http_paylock_table_copy(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_table_t *from);

/* Copies the records of a bucket and returns their number.  Takes no lock. */

ngx_uint_t ngx_http_paylock_table_bucket(
    const ngx_http_paylock_table_t *table, uint32_t number,
    paylock_state_record_t records[NGX_HTTP_PAYLOCK_STEPS]);

/*
 * For records of a state file: note_saved() notes one, or if the table is full
 * keeps what the host has; set_saved() sets it, held if it was.
 */

ngx_int_t ngx_http_paylock_table_note_saved(ngx_http_paylock_table_t *table,
    const paylock_state_record_t *record);
ngx_int_t ngx_http_paylock_table_set_saved(ngx_http_paylock_table_t *table,
    const paylock_state_record_t *record);

/* Is the host held? */

ngx_uint_t ngx_http_paylock_table_held(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key);


#endif /* _NGX_HTTP_PAYLOCK_TABLE_H_INCLUDED_ */
