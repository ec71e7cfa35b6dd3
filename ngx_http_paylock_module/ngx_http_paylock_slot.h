
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What readers and the writer of the table share.
 */


#ifndef _NGX_HTTP_PAYLOCK_SLOT_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_SLOT_H_INCLUDED_


#include "ngx_http_paylock_table.h"


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


static ngx_inline ngx_http_paylock_bucket_t *
ngx_http_paylock_bucket(ngx_http_paylock_table_t *table, const uint32_t *hash)
{
    return &table->buckets[(uint64_t) hash[2] * table->sh->capacity >> 32];
}


static ngx_inline ngx_uint_t
ngx_http_paylock_match(const ngx_http_paylock_slot_t *slot,
    const uint32_t *hash)
{
    return slot->hash[0] == hash[0]
           && slot->hash[1] == hash[1]
           && slot->hash[2] == hash[2];
}


/* the links to a host's slots, NULL if it has none of that kind */

typedef struct {
    uint32_t  *live;
    uint32_t  *staged;
} ngx_http_paylock_links_t;


/* ngx_http_paylock_table_write.c */

void ngx_http_paylock_links(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, const uint32_t *hash,
    ngx_http_paylock_links_t *links);
ngx_int_t ngx_http_paylock_insert(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, const uint32_t *hash,
    const paylock_record_t *record, uint32_t flags);
void ngx_http_paylock_unlink(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, uint32_t *link);
void ngx_http_paylock_flag(ngx_http_paylock_table_t *table,
    ngx_http_paylock_slot_t *slot, uint32_t flags);
void ngx_http_paylock_count(ngx_http_paylock_table_t *table, uint32_t flags,
    int32_t n);


#endif /* _NGX_HTTP_PAYLOCK_SLOT_H_INCLUDED_ */
