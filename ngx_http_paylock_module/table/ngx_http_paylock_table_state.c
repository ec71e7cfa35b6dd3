
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Copies records from the table to a state file and back, or to another table.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_paylock_slot.h"


static ngx_uint_t ngx_http_paylock_twin(const paylock_state_record_t *records,
    ngx_uint_t n, uint64_t hash);


ngx_uint_t
ngx_http_paylock_table_bucket(const ngx_http_paylock_table_t *table,
    uint32_t number, paylock_state_record_t records[NGX_HTTP_PAYLOCK_STEPS])
{
    uint32_t                    i, steps, flags, version;
    ngx_uint_t                  n;
    ngx_http_paylock_slot_t    *slot;
    ngx_http_paylock_bucket_t  *bucket;

    bucket = &table->buckets[number];

    do {
        version = ngx_http_paylock_load(&bucket->version);
        n = 0;
        steps = 0;

        for (i = ngx_http_paylock_load(&bucket->head);
             i && steps < NGX_HTTP_PAYLOCK_STEPS;
             i = ngx_http_paylock_load(&slot->next), steps++)
        {
            slot = &table->slots[i];
            flags = ngx_http_paylock_load(&slot->flags);

            /* of two with the same hash readers find the first one */

            if (flags & NGX_HTTP_PAYLOCK_STAGED
                || ngx_http_paylock_twin(records, n, slot->hash))
            {
                continue;
            }

            records[n].hash = slot->hash;
            records[n].suffix = ngx_http_paylock_length(flags);
            records[n].held = !!(flags & NGX_HTTP_PAYLOCK_HELD);
            records[n].record = slot->record;
            n++;
        }

        __atomic_thread_fence(__ATOMIC_ACQUIRE);

    } while (__atomic_load_n(&bucket->version, __ATOMIC_RELAXED) != version);

    return n;
}


static ngx_uint_t
ngx_http_paylock_twin(const paylock_state_record_t *records, ngx_uint_t n,
    uint64_t hash)
{
    while (n--) {
        if (records[n].hash == hash) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_paylock_table_note_saved(ngx_http_paylock_table_t *table,
    const paylock_state_record_t *record)
{
    ngx_http_paylock_key_t  key;

    key.hash = record->hash;
    key.suffix = (uint32_t) record->suffix << NGX_HTTP_PAYLOCK_SHIFT;

    if (ngx_http_paylock_table_note(table, &key, &record->record) != NGX_OK) {
        (void) ngx_http_paylock_table_keep(table, &key);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_paylock_table_set_saved(ngx_http_paylock_table_t *table,
    const paylock_state_record_t *record)
{
    ngx_int_t                  rc;
    ngx_http_paylock_key_t     key;
    ngx_http_paylock_slot_t   *slot;
    ngx_http_paylock_links_t   links;

    key.hash = record->hash;
    key.suffix = (uint32_t) record->suffix << NGX_HTTP_PAYLOCK_SHIFT;

    rc = ngx_http_paylock_table_set(table, &key, &record->record);

    if (rc == NGX_OK && record->held) {
        ngx_http_paylock_links(table, ngx_http_paylock_bucket(table, key.hash),
                               key.hash, &links);

        slot = &table->slots[*links.live];
        ngx_http_paylock_flag(table, slot,
                              slot->flags | NGX_HTTP_PAYLOCK_HELD);
    }

    return rc;
}


ngx_int_t
ngx_http_paylock_table_copy(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_table_t *from)
{
    uint32_t                b;
    ngx_int_t               rc;
    ngx_uint_t              i, n;
    paylock_state_record_t  records[NGX_HTTP_PAYLOCK_STEPS];

    for (rc = NGX_OK, b = 0; rc == NGX_OK && b < from->sh->capacity; b++) {
        n = ngx_http_paylock_table_bucket(from, b, records);

        for (i = 0; rc == NGX_OK && i < n; i++) {
            rc = ngx_http_paylock_table_set_saved(table, &records[i]);
        }
    }

    return rc;
}
