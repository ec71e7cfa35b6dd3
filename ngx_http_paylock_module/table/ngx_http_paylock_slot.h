
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Slots of the table: shared by its readers and its writer, for use in this
 * folder and by the fast path.
 */


#ifndef _NGX_HTTP_PAYLOCK_SLOT_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_SLOT_H_INCLUDED_


#include "ngx_http_paylock_table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>


/*
 * A slot's flags.  STAGED: a note of a scan, which readers skip.  HELD: a scan
 * must not open the host; of a staged slot: the note would open a closed host.
 * EXPLAINED: an entry that was not followed explains what the next scan shows.
 * SUFFIX: the length of the suffix, 0 if the record is not one of a suffix.
 * SCAN: the number of the scan that saw the slot last; if EXPLAINED, the number
 * before that scan's.
 */

#define NGX_HTTP_PAYLOCK_STAGED     0x80000000u
#define NGX_HTTP_PAYLOCK_HELD       0x40000000u
#define NGX_HTTP_PAYLOCK_EXPLAINED  0x20000000u
#define NGX_HTTP_PAYLOCK_SUFFIX     0x1fe00000u
#define NGX_HTTP_PAYLOCK_SCAN       0x001fffffu

/* toggled to void a note: half the numbers away from the current scan */

#define NGX_HTTP_PAYLOCK_AFAR       0x00100000u

#define NGX_HTTP_PAYLOCK_SHIFT      21

#define ngx_http_paylock_length(flags)                                        \
    (((flags) & NGX_HTTP_PAYLOCK_SUFFIX) >> NGX_HTTP_PAYLOCK_SHIFT)


#define ngx_http_paylock_load(p)      __atomic_load_n(p, __ATOMIC_ACQUIRE)

/* tests/fuzz/feed.c looks at each */

#ifndef ngx_http_paylock_store
#define ngx_http_paylock_store(p, v)  __atomic_store_n(p, v, __ATOMIC_RELEASE)
#endif


/*
 * The hash of a name.  Those of a family, which are the name with any number of
 * "www."  and their suffix records, differ in low bits only: one look at one
 * bucket tells that there is no record of any of them.
 */

#define NGX_HTTP_PAYLOCK_FAMILY  0xffu

static ngx_inline uint64_t
ngx_http_paylock_hash(const ngx_http_paylock_table_t *table,
    const u_char *name, size_t len)
{
    size_t  www;

    for (www = 0;
         len > sizeof("www.") - 1
         && ngx_memcmp(name, "www.", sizeof("www.") - 1) == 0;
         www += NGX_HTTP_PAYLOCK_WWW)
    {
        name += sizeof("www.") - 1;
        len -= sizeof("www.") - 1;
    }

    return XXH3_64bits_withSecret(name, len, table->sh->secret,
                                  NGX_HTTP_PAYLOCK_SECRET)
           ^ www;
}


static ngx_inline ngx_http_paylock_bucket_t *
ngx_http_paylock_bucket(const ngx_http_paylock_table_t *table, uint64_t hash)
{
    return &table->buckets[(hash >> 32) * table->sh->capacity >> 32];
}


/* Looks for a record of the hash, or of its family. */

static ngx_inline ngx_uint_t
ngx_http_paylock_find(const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_bucket_t *bucket, uint64_t hash, uint64_t family,
    paylock_record_t *record)
{
    uint32_t                        i, steps, version;
    ngx_uint_t                      found;
    const ngx_http_paylock_slot_t  *slot;

    do {
        version = ngx_http_paylock_load(&bucket->version);
        found = 0;
        steps = 0;

        for (i = ngx_http_paylock_load(&bucket->head);
             i && steps < NGX_HTTP_PAYLOCK_STEPS;
             i = ngx_http_paylock_load(&slot->next), steps++)
        {
            slot = &table->slots[i];

            if ((slot->hash ^ hash) <= family
                && !(ngx_http_paylock_load(&slot->flags)
                     & NGX_HTTP_PAYLOCK_STAGED))
            {
                if (record) {
                    *record = slot->record;
                }

                found = 1;
                break;
            }
        }

        __atomic_thread_fence(__ATOMIC_ACQUIRE);

    } while (__atomic_load_n(&bucket->version, __ATOMIC_RELAXED) != version);

    return found;
}


/*
 * Is there a record of the hash's family?  For an empty bucket that takes one
 * load.
 */

static ngx_inline ngx_uint_t
ngx_http_paylock_may_have(const ngx_http_paylock_table_t *table,
    uint64_t hash)
{
    const ngx_http_paylock_bucket_t  *bucket;

    bucket = ngx_http_paylock_bucket(table, hash);

    return ngx_http_paylock_load(&bucket->head) != 0
           && ngx_http_paylock_find(table, bucket, hash,
                                    NGX_HTTP_PAYLOCK_FAMILY, NULL);
}


/* Are there records of suffixes of that length? */

static ngx_inline ngx_uint_t
ngx_http_paylock_suffixes(const ngx_http_paylock_table_t *table, size_t len)
{
    return len < NGX_HTTP_PAYLOCK_LENGTHS
           && ngx_http_paylock_load(&table->sh->lengths[len / 64])
              >> len % 64 & 1;
}


/* Has the scan noted it? */

static ngx_inline ngx_uint_t
ngx_http_paylock_noted(const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_slot_t *slot)
{
    return (slot->flags & NGX_HTTP_PAYLOCK_SCAN) == table->sh->scan;
}


/* Does an entry explain what the scan shows? */

static ngx_inline ngx_uint_t
ngx_http_paylock_explained(const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_slot_t *slot)
{
    return slot->flags & NGX_HTTP_PAYLOCK_EXPLAINED
           && ((((slot->flags + 1) ^ table->sh->scan) & NGX_HTTP_PAYLOCK_SCAN)
               == 0
               || (slot->flags & NGX_HTTP_PAYLOCK_STAGED
                   && ngx_http_paylock_noted(table, slot)));
}


/* the links to a host's slots, NULL if it has none of that kind */

typedef struct {
    uint32_t  *live;
    uint32_t  *staged;
} ngx_http_paylock_links_t;


/* a table that knows of no server, as in tests, has "open" alone */

#define ngx_http_paylock_defaults(table)                                      \
    ((table)->defaults ? (table)->defaults : 1u << PAYLOCK_OPEN)


/* ngx_http_paylock_table_write.c */

void ngx_http_paylock_links(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, uint64_t hash,
    ngx_http_paylock_links_t *links);
ngx_int_t ngx_http_paylock_insert(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, uint64_t hash,
    const paylock_record_t *record, uint32_t flags);
ngx_int_t ngx_http_paylock_replace(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, uint32_t *link,
    const paylock_record_t *record);
void ngx_http_paylock_unlink(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, uint32_t *link);
void ngx_http_paylock_flag(ngx_http_paylock_table_t *table,
    ngx_http_paylock_slot_t *slot, uint32_t flags);
void ngx_http_paylock_slot_count(ngx_http_paylock_table_t *table,
    uint32_t flags, int32_t n);


#endif /* _NGX_HTTP_PAYLOCK_SLOT_H_INCLUDED_ */
