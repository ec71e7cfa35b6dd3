
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

#include "paylock_record.h"
#include "paylock_state.h"
#include "paylock_timeline.h"


#define NGX_HTTP_PAYLOCK_SECRET  PAYLOCK_STATE_SECRET

/* a reader that has come this far is in a chain that was pulled away */

#define NGX_HTTP_PAYLOCK_STEPS   1024


/*
 * 64 bits of keyed hash instead of the name; the upper half chooses the
 * bucket.  Suffix records have the hash of the name behind "*." or ".", and a
 * mark; names have that of what is behind "www.", and a mark for each of it.
 * That one of a million records is taken for one of ten million names it does
 * not belong to has a chance of less than one in a million.
 */

typedef struct {
    uint64_t                       hash;
    uint32_t                       suffix;     /* a slot's flag, or 0 */
} ngx_http_paylock_key_t;


typedef enum {
    NGX_HTTP_PAYLOCK_NAME = 0,
    NGX_HTTP_PAYLOCK_BELOW,                    /* "*.x": its subdomains */
    NGX_HTTP_PAYLOCK_FROM                      /* ".x": it and them */
} ngx_http_paylock_kind_e;

#define NGX_HTTP_PAYLOCK_WWW      4            /* times the number of "www." */

#define NGX_HTTP_PAYLOCK_LENGTHS  256          /* of names, 0 being one */


typedef struct {
    uint32_t                       version;
    uint32_t                       head;       /* index of a slot, or 0 */
} ngx_http_paylock_bucket_t;


typedef struct {
    uint32_t                       next;
    uint32_t                       flags;
    uint64_t                       hash;
    paylock_record_t               record;
} ngx_http_paylock_slot_t;


/* what lives in the segment; the buckets and the slots follow it */

typedef struct {
    uint32_t                       capacity;
    uint32_t                       count;      /* records that readers find */
    uint64_t                       lengths[NGX_HTTP_PAYLOCK_LENGTHS / 64];
                                               /* bits: those of suffixes */
    uint32_t                       held;       /* ... held against a scan */
    uint32_t                       taken;      /* slots in chains */
    uint32_t                       used;       /* slots ever taken */
    uint32_t                       free;       /* list of those given back */
    uint32_t                       scan;       /* number of the last scan */
    uint32_t                       dirty;      /* a writer is at work */
    uint64_t                       changes;    /* of what readers find */
    u_char                         secret[NGX_HTTP_PAYLOCK_SECRET];
    uint32_t                       length[NGX_HTTP_PAYLOCK_LENGTHS];
                                               /* suffix records, [0]: others */
} ngx_http_paylock_table_sh_t;


/* what lives in the cycle */

typedef struct {
    ngx_http_paylock_table_sh_t   *sh;
    ngx_http_paylock_bucket_t     *buckets;
    ngx_http_paylock_slot_t       *slots;      /* slots[0] is not used */
    unsigned                       defaults;   /* in use, 1 << stage each */
} ngx_http_paylock_table_t;


/* How many records fit into size bytes: 72 each and the header. */

uint32_t ngx_http_paylock_table_capacity(size_t size);

/*
 * Points the table to a segment of size bytes, 64-byte aligned.  If fresh,
 * the segment, all zero, becomes an empty table keyed by secret.
 */

void ngx_http_paylock_table_attach(ngx_http_paylock_table_t *table,
    void *segment, size_t size, const u_char *secret);

/* The key of a name; kind tells of which of its records, len being its own. */

void ngx_http_paylock_table_key(const ngx_http_paylock_table_t *table,
    const u_char *name, size_t len, ngx_http_paylock_key_t *key);
void ngx_http_paylock_table_kind(ngx_http_paylock_key_t *key,
    ngx_http_paylock_kind_e kind, size_t len);

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
 * For the writer.  Everything below stands between begin and end; begin
 * mends what a writer that was killed has left, NGX_ERROR if it has no
 * memory for that.  NGX_DECLINED means that the table is full and that
 * nothing was changed.
 */

ngx_int_t ngx_http_paylock_table_begin(ngx_http_paylock_table_t *table);
void ngx_http_paylock_table_end(ngx_http_paylock_table_t *table);

/* The record of a host from now on; NULL: none. */

ngx_int_t ngx_http_paylock_table_set(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record);

/* When the change of a host's record may take effect among others. */

paylock_order_e ngx_http_paylock_table_order(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record,
    uint32_t now);

/*
 * A scan is taken down beside what readers find: start, one note for each
 * host (keep: whatever it has stays; 0 if it has nothing), then a look and a
 * sweep over all buckets, in slices, that publish what was noted and drop what
 * was not.  Records that are set in between are noted by that.  The notes of a
 * scan that had no sweep are void when the next starts.
 */

void ngx_http_paylock_table_scan(ngx_http_paylock_table_t *table);
ngx_int_t ngx_http_paylock_table_note(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record);
ngx_uint_t ngx_http_paylock_table_keep(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key);

/*
 * After the note of a field: marks it if what holds by the records that
 * readers find is that a host is closed, now or at a time to come, which would
 * be open then with this one.
 */

void ngx_http_paylock_table_guard(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const char *field, size_t len,
    uint32_t now);

/*
 * An entry of the chain made this the record of the host (NULL: none).  If it
 * does not close the host for good, it accounts for what the scan says that
 * starts next, and no later one: 1.
 */

ngx_uint_t ngx_http_paylock_table_explain(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record,
    uint32_t now);

/*
 * How far a scan is believed that shows a host open which is closed, or which
 * is to be closed by its record, or passes good that were revoked, without an
 * entry that explains it: ALL, whatever it says; NEW, unless the host is held
 * already; NONE, the host is held from now on.  What closes a host is always
 * believed.
 *
 * A host that has no record of its own is held by an empty one, which puts it
 * in no stage, so that what held before holds on.
 */

typedef enum {
    NGX_HTTP_PAYLOCK_BELIEVE_ALL = 0,
    NGX_HTTP_PAYLOCK_BELIEVE_NEW,
    NGX_HTTP_PAYLOCK_BELIEVE_NONE
} ngx_http_paylock_belief_e;


typedef struct {
    uint32_t                       bucket;     /* where to go on; 0 at first */
    uint32_t                       now;        /* Unix seconds */
    ngx_http_paylock_belief_e      belief;
    uint32_t                       seen;       /* hosts noted */
    uint32_t                       lost;       /* such hosts not held so far */
    uint32_t                       revoked;    /* ... by their passes alone */
    uint32_t                       changed;    /* published or dropped */
    unsigned                       order;      /* what takes effect now */
    unsigned                       later;      /* what is left, 1 << order */
} ngx_http_paylock_sweep_t;


/*
 * Look at up to n buckets, or sweep them; NGX_OK at the end, else NGX_AGAIN.
 * The look counts what is lost, and publishes what can open nothing; unless
 * all is believed it needs no belief yet.
 */

ngx_int_t ngx_http_paylock_table_look(ngx_http_paylock_table_t *table,
    ngx_http_paylock_sweep_t *sweep, uint32_t n);
ngx_int_t ngx_http_paylock_table_sweep(ngx_http_paylock_table_t *table,
    ngx_http_paylock_sweep_t *sweep, uint32_t n);

/*
 * Takes over all records of another table with the same secret; NGX_DECLINED
 * if they do not fit.
 */

ngx_int_t ngx_http_paylock_table_copy(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_table_t *from);

/*
 * What readers find in a bucket, for the state file: how many records.  Takes
 * no lock.
 */

ngx_uint_t ngx_http_paylock_table_bucket(
    const ngx_http_paylock_table_t *table, uint32_t number,
    paylock_state_record_t records[NGX_HTTP_PAYLOCK_STEPS]);

/*
 * For the writer: notes it for a sweep, or if there is no slot left that the
 * sweep is not to drop what its host has; it becomes that of its host.
 */

ngx_int_t ngx_http_paylock_table_note_saved(ngx_http_paylock_table_t *table,
    const paylock_state_record_t *record);
ngx_int_t ngx_http_paylock_table_set_saved(ngx_http_paylock_table_t *table,
    const paylock_state_record_t *record);

/* Is the host held? */

ngx_uint_t ngx_http_paylock_table_held(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key);


#endif /* _NGX_HTTP_PAYLOCK_TABLE_H_INCLUDED_ */
