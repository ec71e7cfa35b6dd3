
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A scan: records are noted beside those that readers find.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_paylock_slot.h"


static ngx_http_paylock_slot_t *ngx_http_paylock_note(
    ngx_http_paylock_table_t *table, const ngx_http_paylock_key_t *key);
static ngx_http_paylock_slot_t *ngx_http_paylock_live(
    ngx_http_paylock_table_t *table, const ngx_http_paylock_key_t *key);


void
ngx_http_paylock_table_scan(ngx_http_paylock_table_t *table)
{
    table->sh->scan = (table->sh->scan + 1) & NGX_HTTP_PAYLOCK_SCAN;
}


ngx_int_t
ngx_http_paylock_table_note(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record)
{
    uint32_t                    flags;
    ngx_http_paylock_slot_t    *slot;
    ngx_http_paylock_links_t    links;
    ngx_http_paylock_bucket_t  *bucket;

    bucket = ngx_http_paylock_bucket(table, key->hash);
    ngx_http_paylock_links(table, bucket, key->hash, &links);

    flags = key->suffix | table->sh->scan;

    if (links.live) {
        slot = &table->slots[*links.live];

        if (ngx_memcmp(&slot->record, record, sizeof(*record)) == 0) {
            ngx_http_paylock_flag(table, slot, flags);

            if (links.staged) {
                ngx_http_paylock_unlink(table, bucket, links.staged);
            }

            return NGX_OK;
        }

        if (ngx_http_paylock_noted(table, slot)) {
            /* a field may come twice: void the earlier note */
            ngx_http_paylock_store(&slot->flags,
                                   slot->flags ^ NGX_HTTP_PAYLOCK_AFAR);
        }
    }

    flags |= NGX_HTTP_PAYLOCK_STAGED;

    if (links.staged) {
        slot = &table->slots[*links.staged];

        if (ngx_http_paylock_explained(table, slot)) {
            flags |= NGX_HTTP_PAYLOCK_EXPLAINED;
        }

        slot->record = *record;
        slot->flags = flags;
        return NGX_OK;
    }

    return ngx_http_paylock_insert(table, bucket, key->hash, record, flags);
}


ngx_uint_t
ngx_http_paylock_table_keep(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key)
{
    ngx_http_paylock_slot_t  *slot;

    slot = ngx_http_paylock_live(table, key);

    if (slot == NULL) {
        return 0;
    }

    ngx_http_paylock_store(&slot->flags,
                           (slot->flags & ~NGX_HTTP_PAYLOCK_SCAN)
                           | table->sh->scan);
    return 1;
}


ngx_uint_t
ngx_http_paylock_table_noted(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key)
{
    return ngx_http_paylock_note(table, key) != NULL;
}


ngx_uint_t
ngx_http_paylock_table_note_find(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, paylock_record_t *record)
{
    ngx_http_paylock_slot_t  *slot;

    slot = ngx_http_paylock_note(table, key);

    if (slot == NULL) {
        return 0;
    }

    *record = slot->record;

    return 1;
}


/* The slot that the scan has noted, or NULL. */

static ngx_http_paylock_slot_t *
ngx_http_paylock_note(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key)
{
    ngx_http_paylock_slot_t   *slot;
    ngx_http_paylock_links_t   links;

    ngx_http_paylock_links(table, ngx_http_paylock_bucket(table, key->hash),
                           key->hash, &links);

    if (links.live) {
        slot = &table->slots[*links.live];

        if (ngx_http_paylock_noted(table, slot)) {
            return slot;
        }
    }

    if (links.staged) {
        slot = &table->slots[*links.staged];

        if (ngx_http_paylock_noted(table, slot)) {
            return slot;
        }
    }

    return NULL;
}


void
ngx_http_paylock_table_forget(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key)
{
    ngx_http_paylock_slot_t    *slot;
    ngx_http_paylock_links_t    links;
    ngx_http_paylock_bucket_t  *bucket;

    bucket = ngx_http_paylock_bucket(table, key->hash);
    ngx_http_paylock_links(table, bucket, key->hash, &links);

    if (links.live) {
        slot = &table->slots[*links.live];

        if (ngx_http_paylock_noted(table, slot)) {
            ngx_http_paylock_store(&slot->flags,
                                   slot->flags ^ NGX_HTTP_PAYLOCK_AFAR);
        }
    }

    if (links.staged) {
        ngx_http_paylock_unlink(table, bucket, links.staged);
    }
}


ngx_int_t
ngx_http_paylock_table_unnoted(ngx_http_paylock_table_t *table,
    uint32_t *bucket, uint32_t n, ngx_uint_t *found, uint64_t *set)
{
    uint32_t                  i;
    ngx_http_paylock_slot_t  *slot;

    while (n-- && *bucket < table->sh->capacity) {

        for (i = table->buckets[(*bucket)++].head; i; i = slot->next) {
            slot = &table->slots[i];

            if (!(slot->flags & NGX_HTTP_PAYLOCK_STAGED)
                && !ngx_http_paylock_noted(table, slot))
            {
                (*found)++;
                *set += slot->hash;
            }
        }
    }

    return *bucket < table->sh->capacity ? NGX_AGAIN : NGX_OK;
}


void
ngx_http_paylock_table_guard(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const char *field, size_t len,
    uint32_t now)
{
    ngx_http_paylock_slot_t   *live, *staged;
    ngx_http_paylock_links_t   links;

    ngx_http_paylock_links(table, ngx_http_paylock_bucket(table, key->hash),
                           key->hash, &links);

    if (links.staged == NULL) {
        return;
    }

    live = links.live ? &table->slots[*links.live] : NULL;
    staged = &table->slots[*links.staged];

    if (ngx_http_paylock_noted(table, staged)
        && ngx_http_paylock_opens(table, field, len,
                                  live ? &live->record : NULL,
                                  &staged->record, now))
    {
        staged->flags |= NGX_HTTP_PAYLOCK_HELD;
    }
}


ngx_uint_t
ngx_http_paylock_table_explain(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record,
    uint32_t now)
{
    uint32_t                    flags;
    ngx_http_paylock_slot_t    *slot;
    ngx_http_paylock_links_t    links;
    ngx_http_paylock_bucket_t  *bucket;

    static const paylock_record_t  locked = {
        .set = 1u << PAYLOCK_LOCK_AT
    };

    bucket = ngx_http_paylock_bucket(table, key->hash);
    ngx_http_paylock_links(table, bucket, key->hash, &links);

    if (links.staged) {
        ngx_http_paylock_unlink(table, bucket, links.staged);
        ngx_http_paylock_links(table, bucket, key->hash, &links);
    }

    if (record && paylock_record_says(record)
        && !ngx_http_paylock_opens(table, NULL, 0, &locked, record, now))
    {
        if (links.live) {
            slot = &table->slots[*links.live];
            ngx_http_paylock_store(&slot->flags, slot->flags
                                                & ~NGX_HTTP_PAYLOCK_EXPLAINED);
        }

        return 0;
    }

    flags = NGX_HTTP_PAYLOCK_EXPLAINED | table->sh->scan;

    if (links.live) {
        slot = &table->slots[*links.live];
        ngx_http_paylock_store(&slot->flags,
                               (slot->flags & ~NGX_HTTP_PAYLOCK_SCAN) | flags);
        return 1;
    }

    return record
           && ngx_http_paylock_insert(table, bucket, key->hash, record,
                                      key->suffix | NGX_HTTP_PAYLOCK_STAGED
                                      | flags)
              == NGX_OK;
}


ngx_uint_t
ngx_http_paylock_table_held(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key)
{
    ngx_http_paylock_slot_t  *slot;

    slot = ngx_http_paylock_live(table, key);

    return slot && slot->flags & NGX_HTTP_PAYLOCK_HELD;
}


paylock_order_e
ngx_http_paylock_table_order(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record,
    uint32_t now)
{
    ngx_http_paylock_slot_t  *slot;

    slot = ngx_http_paylock_live(table, key);

    return paylock_timeline_order(slot ? &slot->record : NULL, record, now,
                                  ngx_http_paylock_defaults(table));
}


/* The slot that readers find, or NULL. */

static ngx_http_paylock_slot_t *
ngx_http_paylock_live(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key)
{
    ngx_http_paylock_links_t  links;

    ngx_http_paylock_links(table, ngx_http_paylock_bucket(table, key->hash),
                           key->hash, &links);

    return links.live ? &table->slots[*links.live] : NULL;
}
