
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What readers and the writer of the table share.
 */


#ifndef _NGX_HTTP_PAYLOCK_SLOT_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_SLOT_H_INCLUDED_


#include "ngx_http_paylock_table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>


/*
 * A slot's flags: what it is, and the number of the scan that saw it last.
 * A staged slot is a note that readers pass over; a held one stays in force
 * against what a scan says; one that is explained has an entry in the part of
 * the chain that was not followed.
 */

#define NGX_HTTP_PAYLOCK_STAGED     0x80000000u
#define NGX_HTTP_PAYLOCK_HELD       0x40000000u
#define NGX_HTTP_PAYLOCK_EXPLAINED  0x20000000u
#define NGX_HTTP_PAYLOCK_SUFFIX     0x10000000u
#define NGX_HTTP_PAYLOCK_SCAN       0x0fffffffu


#define ngx_http_paylock_load(p)      __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define ngx_http_paylock_store(p, v)  __atomic_store_n(p, v, __ATOMIC_RELEASE)


/* ngx_http_paylock_table.c */

ngx_uint_t ngx_http_paylock_find(const ngx_http_paylock_table_t *table,
    uint64_t hash, paylock_record_t *record);


static ngx_inline uint64_t
ngx_http_paylock_hash(const ngx_http_paylock_table_t *table,
    const u_char *name, size_t len)
{
    return XXH3_64bits_withSecret(name, len, table->sh->secret,
                                  NGX_HTTP_PAYLOCK_SECRET);
}


static ngx_inline ngx_http_paylock_bucket_t *
ngx_http_paylock_bucket(const ngx_http_paylock_table_t *table, uint64_t hash)
{
    return &table->buckets[(hash >> 32) * table->sh->capacity >> 32];
}


/* May there be a record of that hash?  An empty bucket is told by one load. */

static ngx_inline ngx_uint_t
ngx_http_paylock_may_have(const ngx_http_paylock_table_t *table,
    uint64_t hash)
{
    return ngx_http_paylock_load(&ngx_http_paylock_bucket(table, hash)->head)
           != 0
           && ngx_http_paylock_find(table, hash, NULL);
}


/* the links to a host's slots, NULL if it has none of that kind */

typedef struct {
    uint32_t  *live;
    uint32_t  *staged;
} ngx_http_paylock_links_t;


/* ngx_http_paylock_table_write.c */

void ngx_http_paylock_links(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, uint64_t hash,
    ngx_http_paylock_links_t *links);
ngx_int_t ngx_http_paylock_insert(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, uint64_t hash,
    const paylock_record_t *record, uint32_t flags);
void ngx_http_paylock_unlink(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, uint32_t *link);
void ngx_http_paylock_flag(ngx_http_paylock_table_t *table,
    ngx_http_paylock_slot_t *slot, uint32_t flags);
void ngx_http_paylock_count(ngx_http_paylock_table_t *table, uint32_t flags,
    int32_t n);


#endif /* _NGX_HTTP_PAYLOCK_SLOT_H_INCLUDED_ */
