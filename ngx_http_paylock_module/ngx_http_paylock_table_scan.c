
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_paylock_slot.h"
#include "paylock_timeline.h"


static ngx_http_paylock_slot_t *ngx_http_paylock_live(
    ngx_http_paylock_table_t *table, const ngx_http_paylock_key_t *key);
static void ngx_http_paylock_look(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_sweep_t *sweep);
static void ngx_http_paylock_publish(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_slot_t *slot,
    ngx_http_paylock_sweep_t *sweep);
static void ngx_http_paylock_drop(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_sweep_t *sweep);
static ngx_uint_t ngx_http_paylock_unbelieved(
    const ngx_http_paylock_slot_t *live, const ngx_http_paylock_slot_t *noted,
    const ngx_http_paylock_sweep_t *sweep);
static ngx_uint_t ngx_http_paylock_closed_now(
    const ngx_http_paylock_slot_t *slot, uint32_t now);
static ngx_uint_t ngx_http_paylock_closes(
    const ngx_http_paylock_slot_t *slot, uint32_t now);
static ngx_uint_t ngx_http_paylock_noted(
    const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_slot_t *slot);
static void ngx_http_paylock_hold(ngx_http_paylock_table_t *table,
    ngx_http_paylock_slot_t *slot);


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
            /* a field may come twice, and the later word counts */
            ngx_http_paylock_store(&slot->flags,
                                   slot->flags ^ NGX_HTTP_PAYLOCK_AFAR);
        }
    }

    if (links.staged) {
        slot = &table->slots[*links.staged];
        slot->record = *record;
        slot->flags = flags | NGX_HTTP_PAYLOCK_STAGED;
        return NGX_OK;
    }

    return ngx_http_paylock_insert(table, bucket, key->hash, record,
                                   flags | NGX_HTTP_PAYLOCK_STAGED);
}


void
ngx_http_paylock_table_keep(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key)
{
    ngx_http_paylock_slot_t  *slot;

    slot = ngx_http_paylock_live(table, key);

    if (slot) {
        ngx_http_paylock_store(&slot->flags,
                               (slot->flags & ~NGX_HTTP_PAYLOCK_SCAN)
                               | table->sh->scan);
    }
}


ngx_uint_t
ngx_http_paylock_table_defer(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record,
    uint32_t now)
{
    ngx_http_paylock_slot_t   *slot, noted;
    ngx_http_paylock_sweep_t   sweep;

    slot = ngx_http_paylock_live(table, key);

    if (slot == NULL) {
        return 0;
    }

    if (record) {
        noted.record = *record;
    }

    sweep.now = now;
    sweep.belief = NGX_HTTP_PAYLOCK_BELIEVE_NONE;

    ngx_http_paylock_store(&slot->flags,
                           slot->flags & ~NGX_HTTP_PAYLOCK_EXPLAINED);

    if (!ngx_http_paylock_unbelieved(slot, record ? &noted : NULL, &sweep)) {
        return 0;
    }

    ngx_http_paylock_store(&slot->flags,
                           slot->flags | NGX_HTTP_PAYLOCK_EXPLAINED);
    return 1;
}


void
ngx_http_paylock_table_explain(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key)
{
    ngx_http_paylock_slot_t  *slot;

    slot = ngx_http_paylock_live(table, key);

    if (slot) {
        ngx_http_paylock_store(&slot->flags,
                               slot->flags | NGX_HTTP_PAYLOCK_EXPLAINED);
    }
}


ngx_uint_t
ngx_http_paylock_table_held(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key)
{
    ngx_http_paylock_slot_t  *slot;

    slot = ngx_http_paylock_live(table, key);

    return slot && slot->flags & NGX_HTTP_PAYLOCK_HELD;
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


ngx_int_t
ngx_http_paylock_table_look(ngx_http_paylock_table_t *table,
    ngx_http_paylock_sweep_t *sweep, uint32_t n)
{
    while (n-- && sweep->bucket < table->sh->capacity) {
        ngx_http_paylock_look(table, &table->buckets[sweep->bucket++], sweep);
    }

    if (sweep->bucket < table->sh->capacity) {
        return NGX_AGAIN;
    }

    sweep->bucket = 0;

    return NGX_OK;
}


ngx_int_t
ngx_http_paylock_table_sweep(ngx_http_paylock_table_t *table,
    ngx_http_paylock_sweep_t *sweep, uint32_t n)
{
    uint32_t                   *link;
    ngx_http_paylock_slot_t    *slot;
    ngx_http_paylock_bucket_t  *bucket;

    while (n-- && sweep->bucket < table->sh->capacity) {
        bucket = &table->buckets[sweep->bucket++];

        for (link = &bucket->head; *link; /* void */ ) {
            slot = &table->slots[*link];

            if (slot->flags & NGX_HTTP_PAYLOCK_STAGED
                && ngx_http_paylock_noted(table, slot))
            {
                ngx_http_paylock_publish(table, bucket, slot, sweep);
                link = &bucket->head;

            } else {
                link = &slot->next;
            }
        }

        ngx_http_paylock_drop(table, bucket, sweep);
    }

    if (sweep->bucket < table->sh->capacity) {
        return NGX_AGAIN;
    }

    sweep->bucket = 0;

    return NGX_OK;
}


static void
ngx_http_paylock_look(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_sweep_t *sweep)
{
    uint32_t                  i;
    ngx_http_paylock_slot_t  *slot, *noted;
    ngx_http_paylock_links_t  links;

    for (i = bucket->head; i; i = slot->next) {
        slot = &table->slots[i];

        if (slot->flags & (NGX_HTTP_PAYLOCK_STAGED|NGX_HTTP_PAYLOCK_HELD)
            || ngx_http_paylock_noted(table, slot))
        {
            continue;
        }

        ngx_http_paylock_links(table, bucket, slot->hash, &links);

        noted = links.staged ? &table->slots[*links.staged] : NULL;

        if (noted && !ngx_http_paylock_noted(table, noted)) {
            noted = NULL;
        }

        sweep->lost += ngx_http_paylock_unbelieved(slot, noted, sweep);
    }
}


/* The host goes straight from what it was to what was noted, or stays. */

static void
ngx_http_paylock_publish(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_slot_t *slot,
    ngx_http_paylock_sweep_t *sweep)
{
    uint32_t                  flags;
    ngx_http_paylock_slot_t  *live;
    ngx_http_paylock_links_t  links;

    ngx_http_paylock_links(table, bucket, slot->hash, &links);

    live = links.live ? &table->slots[*links.live] : NULL;

    if (live && ngx_http_paylock_unbelieved(live, slot, sweep)) {
        ngx_http_paylock_hold(table, live);
        ngx_http_paylock_unlink(table, bucket, links.staged);
        return;
    }

    sweep->changed++;

    flags = slot->flags & (NGX_HTTP_PAYLOCK_SUFFIX|NGX_HTTP_PAYLOCK_SCAN);

    ngx_http_paylock_count(table, flags, 1);
    ngx_http_paylock_store(&slot->flags, flags);

    if (live) {
        ngx_http_paylock_unlink(table, bucket, links.live);
    }
}


/* What was not noted goes, or is held. */

static void
ngx_http_paylock_drop(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_sweep_t *sweep)
{
    uint32_t                 *link;
    ngx_http_paylock_slot_t  *slot;

    for (link = &bucket->head; *link; /* void */ ) {
        slot = &table->slots[*link];

        if (!(slot->flags & NGX_HTTP_PAYLOCK_STAGED)
            && !ngx_http_paylock_noted(table, slot)
            && ngx_http_paylock_unbelieved(slot, NULL, sweep))
        {
            ngx_http_paylock_hold(table, slot);
        }

        if (ngx_http_paylock_noted(table, slot)) {
            ngx_http_paylock_store(&slot->flags,
                                   slot->flags & ~NGX_HTTP_PAYLOCK_EXPLAINED);
            link = &slot->next;
            continue;
        }

        sweep->changed += !(slot->flags & NGX_HTTP_PAYLOCK_STAGED);

        ngx_http_paylock_unlink(table, bucket, link);
    }
}


static ngx_uint_t
ngx_http_paylock_unbelieved(const ngx_http_paylock_slot_t *live,
    const ngx_http_paylock_slot_t *noted,
    const ngx_http_paylock_sweep_t *sweep)
{
    if (live->flags & NGX_HTTP_PAYLOCK_EXPLAINED
        || sweep->belief == NGX_HTTP_PAYLOCK_BELIEVE_ALL
        || (sweep->belief == NGX_HTTP_PAYLOCK_BELIEVE_NEW
            && !(live->flags & NGX_HTTP_PAYLOCK_HELD)))
    {
        return 0;
    }

    if (noted == NULL) {
        return ngx_http_paylock_closes(live, sweep->now);
    }

    return (ngx_http_paylock_closed_now(live, sweep->now)
            && !ngx_http_paylock_closed_now(noted, sweep->now))
           || (ngx_http_paylock_closes(live, sweep->now)
               && !ngx_http_paylock_closes(noted, sweep->now));
}


static ngx_uint_t
ngx_http_paylock_closed_now(const ngx_http_paylock_slot_t *slot, uint32_t now)
{
    return paylock_timeline_stage(&slot->record, now, PAYLOCK_OPEN)
           >= PAYLOCK_READONLY;
}


/* Does the record close its host, now or by plan? */

static ngx_uint_t
ngx_http_paylock_closes(const ngx_http_paylock_slot_t *slot, uint32_t now)
{
    uint32_t         when;
    paylock_stage_e  stage;

    stage = paylock_timeline_stage(&slot->record, now, PAYLOCK_OPEN);

    for (when = now; stage < PAYLOCK_READONLY; /* void */ ) {
        if (!paylock_timeline_next(&slot->record, when, PAYLOCK_OPEN, &when,
                                   &stage))
        {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_http_paylock_noted(const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_slot_t *slot)
{
    return (slot->flags & NGX_HTTP_PAYLOCK_SCAN) == table->sh->scan;
}


static void
ngx_http_paylock_hold(ngx_http_paylock_table_t *table,
    ngx_http_paylock_slot_t *slot)
{
    ngx_http_paylock_flag(table, slot,
                          (slot->flags & NGX_HTTP_PAYLOCK_SUFFIX)
                          | NGX_HTTP_PAYLOCK_HELD | table->sh->scan);
}
