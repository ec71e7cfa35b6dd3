
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What readers and the writer of the table share.
 */


#ifndef _NGX_HTTP_PAYLOCK_SLOT_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_SLOT_H_INCLUDED_


#include "ngx_http_paylock_table.h"


/* a slot's flags: the number of the scan that saw it last, and this */

#define NGX_HTTP_PAYLOCK_STAGED  0x80000000u


#define ngx_http_paylock_load(p)      __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define ngx_http_paylock_store(p, v)  __atomic_store_n(p, v, __ATOMIC_RELEASE)


static ngx_inline ngx_http_paylock_bucket_t *
ngx_http_paylock_bucket(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key)
{
    return &table->buckets[(uint64_t) key->bucket * table->sh->capacity >> 32];
}


static ngx_inline ngx_uint_t
ngx_http_paylock_match(const ngx_http_paylock_slot_t *slot,
    const uint32_t *hash)
{
    return slot->hash[0] == hash[0]
           && slot->hash[1] == hash[1]
           && slot->hash[2] == hash[2];
}


#endif /* _NGX_HTTP_PAYLOCK_SLOT_H_INCLUDED_ */
