
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Publishes what a scan has noted: in all of the table first what can open
 * nothing, then the rest, as far as it is believed.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_paylock_slot.h"


/* how a scan changes a host; live and staged are not both NULL */

typedef struct {
    ngx_http_paylock_slot_t    *live;
    ngx_http_paylock_slot_t    *staged;
    ngx_http_paylock_links_t    links;
    paylock_order_e             order;
    unsigned                    held:1;        /* already */
    unsigned                    opens:1;       /* the host, without an entry */
    unsigned                    revoked:1;     /* ... or passes */
} ngx_http_paylock_change_t;


static ngx_int_t ngx_http_paylock_pass_over(ngx_http_paylock_table_t *table,
    ngx_http_paylock_sweep_t *sweep, uint32_t n);
static void ngx_http_paylock_look(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_sweep_t *sweep);
static void ngx_http_paylock_sweep(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_sweep_t *sweep);
static ngx_uint_t ngx_http_paylock_change(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_slot_t *slot,
    const ngx_http_paylock_sweep_t *sweep, ngx_http_paylock_change_t *change);
static void ngx_http_paylock_sweep_judge(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_sweep_t *sweep, ngx_http_paylock_change_t *change);
static void ngx_http_paylock_publish(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_change_t *change,
    ngx_http_paylock_sweep_t *sweep);
static void ngx_http_paylock_drop(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_change_t *change,
    ngx_http_paylock_sweep_t *sweep);
static uint32_t ngx_http_paylock_record_pass_after(
    const paylock_record_t *record);
static void ngx_http_paylock_hold(ngx_http_paylock_table_t *table,
    ngx_http_paylock_slot_t *slot);


ngx_int_t
ngx_http_paylock_table_look(ngx_http_paylock_table_t *table,
    ngx_http_paylock_sweep_t *sweep, uint32_t n)
{
    ngx_int_t  rc;

    rc = ngx_http_paylock_pass_over(table, sweep, n);

    if (rc == NGX_OK) {
        sweep->order = PAYLOCK_ORDER_NEXT;
    }

    return rc;
}


ngx_int_t
ngx_http_paylock_table_sweep(ngx_http_paylock_table_t *table,
    ngx_http_paylock_sweep_t *sweep, uint32_t n)
{
    while (sweep->order <= PAYLOCK_ORDER_LAST) {

        if (sweep->later & 1u << sweep->order
            && ngx_http_paylock_pass_over(table, sweep, n) != NGX_OK)
        {
            return NGX_AGAIN;
        }

        sweep->order++;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_paylock_pass_over(ngx_http_paylock_table_t *table,
    ngx_http_paylock_sweep_t *sweep, uint32_t n)
{
    ngx_http_paylock_bucket_t  *bucket;

    while (n-- && sweep->bucket < table->sh->capacity) {
        bucket = &table->buckets[sweep->bucket++];

        if (sweep->order == PAYLOCK_ORDER_FIRST) {
            ngx_http_paylock_look(table, bucket, sweep);
        }

        ngx_http_paylock_sweep(table, bucket, sweep);
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
    uint32_t                    i;
    ngx_http_paylock_slot_t    *slot;
    ngx_http_paylock_change_t   change;

    for (i = bucket->head; i; i = slot->next) {
        slot = &table->slots[i];

        if (ngx_http_paylock_noted(table, slot)) {
            sweep->seen++;

            if (sweep->belief == NGX_HTTP_PAYLOCK_BELIEVE_ALL
                && !(slot->flags & NGX_HTTP_PAYLOCK_STAGED))
            {
                /*
                 * Redis has a field that is no record: the host keeps its
                 * record
                 */
                ngx_http_paylock_flag(table, slot, slot->flags
                                                   & ~NGX_HTTP_PAYLOCK_HELD);
            }
        }

        if (!ngx_http_paylock_change(table, bucket, slot, sweep, &change)) {
            continue;
        }

        sweep->later |= 1u << change.order;

        if (!change.held && (change.opens || change.revoked)) {
            sweep->lost++;
            sweep->revoked += !change.opens;
        }
    }
}


static void
ngx_http_paylock_sweep(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_sweep_t *sweep)
{
    uint32_t                   *link;
    ngx_http_paylock_slot_t    *slot;
    ngx_http_paylock_change_t   change;

    for (link = &bucket->head; *link; /* void */ ) {
        slot = &table->slots[*link];

        if (slot->flags & NGX_HTTP_PAYLOCK_STAGED
            && !ngx_http_paylock_noted(table, slot))
        {
            ngx_http_paylock_unlink(table, bucket, link);
            continue;
        }

        if (!ngx_http_paylock_change(table, bucket, slot, sweep, &change)
            || change.order > sweep->order)
        {
            link = &slot->next;
            continue;
        }

        if (sweep->belief == NGX_HTTP_PAYLOCK_BELIEVE_NEW && !change.held) {
            change.opens = 0;
            change.revoked = 0;
        }

        if (change.staged) {
            ngx_http_paylock_publish(table, bucket, &change, sweep);

        } else {
            ngx_http_paylock_drop(table, bucket, &change, sweep);
        }

        link = &bucket->head;
    }
}


/* Does the scan change the slot's host?  1: see *change. */

static ngx_uint_t
ngx_http_paylock_change(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_slot_t *slot,
    const ngx_http_paylock_sweep_t *sweep, ngx_http_paylock_change_t *change)
{
    ngx_uint_t  staged;

    staged = (slot->flags & NGX_HTTP_PAYLOCK_STAGED) != 0;

    if (staged != ngx_http_paylock_noted(table, slot)) {
        return 0;
    }

    ngx_http_paylock_links(table, bucket, slot->hash, &change->links);

    change->live = NULL;
    change->staged = NULL;

    if (change->links.live) {
        change->live = &table->slots[*change->links.live];
    }

    if (change->links.staged) {
        change->staged = &table->slots[*change->links.staged];

        if (!ngx_http_paylock_noted(table, change->staged)) {
            change->staged = NULL;

        } else if (!staged) {
            return 0;
        }
    }

    ngx_http_paylock_sweep_judge(table, sweep, change);

    return 1;
}


static void
ngx_http_paylock_sweep_judge(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_sweep_t *sweep, ngx_http_paylock_change_t *change)
{
    unsigned                  defaults;
    const paylock_record_t   *before, *after;
    ngx_http_paylock_slot_t  *live, *staged;

    live = change->live;
    staged = change->staged;
    before = live ? &live->record : NULL;
    after = staged ? &staged->record : NULL;
    defaults = ngx_http_paylock_defaults(table);

    change->order = paylock_timeline_order(before, after, sweep->now,
                                           defaults);

    change->held = live && live->flags & NGX_HTTP_PAYLOCK_HELD;
    change->opens = 0;
    change->revoked = 0;

    if (sweep->belief == NGX_HTTP_PAYLOCK_BELIEVE_ALL
        || (live && ngx_http_paylock_explained(table, live))
        || (staged && ngx_http_paylock_explained(table, staged)))
    {
        return;
    }

    if (staged) {
        change->opens = (staged->flags & NGX_HTTP_PAYLOCK_HELD) != 0;

    } else if (paylock_record_says(before)) {
        change->opens = paylock_timeline_closes(before, sweep->now, defaults)
                        != 0;
    }

    change->revoked = ngx_http_paylock_record_pass_after(before)
                      > ngx_http_paylock_record_pass_after(after);

    if (change->order == PAYLOCK_ORDER_FIRST
        && (change->opens || change->revoked))
    {
        /* not before the belief is known */

        change->order = PAYLOCK_ORDER_NEXT;
    }
}


/* Replaces the record by the noted one, or holds the host. */

static void
ngx_http_paylock_publish(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_change_t *change,
    ngx_http_paylock_sweep_t *sweep)
{
    uint32_t                  flags;
    ngx_http_paylock_slot_t  *slot, *live;

    slot = change->staged;
    live = change->live;

    flags = slot->flags & (NGX_HTTP_PAYLOCK_SUFFIX|NGX_HTTP_PAYLOCK_SCAN);

    if (change->opens) {
        ngx_memzero(&slot->record, sizeof(paylock_record_t));
        flags |= NGX_HTTP_PAYLOCK_HELD;

    } else if (change->revoked) {
        slot->record.set |= 1u << PAYLOCK_PASS_AFTER;
        slot->record.time[PAYLOCK_PASS_AFTER] =
                              ngx_http_paylock_record_pass_after(&live->record);
        flags |= NGX_HTTP_PAYLOCK_HELD;
    }

    if (live && (change->opens
                 || (change->revoked
                     && ngx_memcmp(&slot->record, &live->record,
                                   sizeof(paylock_record_t))
                        == 0)))
    {
        ngx_http_paylock_hold(table, live);
        ngx_http_paylock_unlink(table, bucket, change->links.staged);
        return;
    }

    sweep->changed += !change->opens;

    ngx_http_paylock_slot_count(table, flags, 1);
    ngx_http_paylock_store(&slot->flags, flags);

    if (live) {
        ngx_http_paylock_unlink(table, bucket, change->links.live);
    }
}


/*
 * Removes a record that was not noted, or holds the host: closed, or only with
 * its passes revoked.
 */

static void
ngx_http_paylock_drop(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, ngx_http_paylock_change_t *change,
    ngx_http_paylock_sweep_t *sweep)
{
    paylock_record_t          record;
    ngx_http_paylock_slot_t  *live;

    live = change->live;

    if (!change->opens && !change->revoked) {
        sweep->changed++;
        ngx_http_paylock_unlink(table, bucket, change->links.live);
        return;
    }

    ngx_http_paylock_hold(table, live);

    if (change->opens) {
        return;
    }

    ngx_memzero(&record, sizeof(paylock_record_t));

    record.set = 1u << PAYLOCK_PASS_AFTER;
    record.time[PAYLOCK_PASS_AFTER] = ngx_http_paylock_record_pass_after(
                                                                 &live->record);

    if (ngx_memcmp(&record, &live->record, sizeof(paylock_record_t)) != 0
        && ngx_http_paylock_replace(table, bucket, change->links.live, &record)
           == NGX_OK)
    {
        sweep->changed++;
    }
}


static uint32_t
ngx_http_paylock_record_pass_after(const paylock_record_t *record)
{
    return record && paylock_record_has(record, PAYLOCK_PASS_AFTER)
           ? record->time[PAYLOCK_PASS_AFTER] : 0;
}


static void
ngx_http_paylock_hold(ngx_http_paylock_table_t *table,
    ngx_http_paylock_slot_t *slot)
{
    ngx_http_paylock_flag(table, slot,
                          (slot->flags & NGX_HTTP_PAYLOCK_SUFFIX)
                          | NGX_HTTP_PAYLOCK_HELD | table->sh->scan);
}
