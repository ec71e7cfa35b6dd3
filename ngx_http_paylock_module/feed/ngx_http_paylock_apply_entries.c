
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Applies the entries of a reply to the table.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"


static size_t ngx_http_paylock_apply_whole(ngx_http_paylock_feed_t *feed,
    const redisReply *entries);
static ngx_int_t ngx_http_paylock_apply_entry(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry);
static ngx_int_t ngx_http_paylock_apply_number(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry);
static void ngx_http_paylock_apply_recent(ngx_http_paylock_node_sh_t *node,
    paylock_str_t host);


/*
 * First all entries are checked to continue the chain: feed->done runs from 0
 * to n.  Then, from n to 2n, they are applied, the last one first, so that of
 * several entries for a host the latest counts.  That is repeated for each
 * order: what can open no host takes effect before what may.
 */

ngx_int_t
ngx_http_paylock_apply_entries(ngx_http_paylock_feed_t *feed,
    const redisReply *entries)
{
    size_t     n, end;
    ngx_int_t  rc;

    if (entries->elements > NGX_HTTP_PAYLOCK_SEEN / 2) {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_UNFIT,
                                           "more entries than asked for");
    }

    if (feed->done == 0) {
        feed->complete = ngx_http_paylock_apply_whole(feed, entries);
        feed->order = feed->complete == 1 ? PAYLOCK_ORDER_LAST
                                       : PAYLOCK_ORDER_FIRST;
        feed->later = 0;
    }

    n = feed->complete;
    end = feed->done + NGX_HTTP_PAYLOCK_ENTRIES;

    for ( /* void */ ; feed->done < ngx_min(n, end); feed->done++) {
        rc = ngx_http_paylock_chain_next(feed, entries->element[feed->done]);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return feed->done == end ? NGX_AGAIN
                             : ngx_http_paylock_apply_verified(feed, entries);
}


ngx_int_t
ngx_http_paylock_apply_verified(ngx_http_paylock_feed_t *feed,
    const redisReply *entries)
{
    size_t           n, end;
    ngx_int_t        rc;
    paylock_entry_t  entry;

    n = feed->complete;

    rc = ngx_http_paylock_apply_lock(feed);

    if (rc != NGX_OK) {
        return rc;
    }

    if (feed->done == n) {
        ngx_memzero(feed->seen, sizeof(feed->seen));
    }

    end = ngx_min(2 * n, feed->done + NGX_HTTP_PAYLOCK_ENTRIES);

    for ( /* void */ ; rc == NGX_OK && feed->done < end; feed->done++) {
        (void) paylock_entry_read(entries->element[2 * n - 1 - feed->done],
                                  &entry);
        rc = ngx_http_paylock_apply_entry(feed, &entry);
    }

    ngx_http_paylock_apply_unlock(feed);

    if (rc != NGX_OK || feed->done < 2 * n) {
        return rc == NGX_OK ? NGX_AGAIN : rc;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: applied %uz entries, up to %uL",
                   n, feed->cursor.seq);

    while (feed->order++ < PAYLOCK_ORDER_LAST) {

        if (feed->later & 1u << feed->order) {
            feed->done = n;
            return NGX_AGAIN;
        }
    }

    return NGX_OK;
}


/*
 * How many entries to apply.  A full reply may end within a transaction; its
 * entries are then left for the next reply, unless there are no others.
 */

static size_t
ngx_http_paylock_apply_whole(ngx_http_paylock_feed_t *feed,
    const redisReply *entries)
{
    size_t                n;
    paylock_str_t         last;
    paylock_entry_t       entry;
    const paylock_str_t  *request;

    n = entries->elements;

    if (n < feed->batch || paylock_entry_read(entries->element[n - 1], &entry))
    {
        return n;
    }

    last = entry.field[PAYLOCK_AUDIT_REQUEST];

    while (--n) {

        if (paylock_entry_read(entries->element[n - 1], &entry)) {
            break;
        }

        request = &entry.field[PAYLOCK_AUDIT_REQUEST];

        if (request->len != last.len
            || ngx_memcmp(request->data, last.data, last.len) != 0)
        {
            return n;
        }
    }

    return entries->elements;
}


/* Entries come in reverse: an earlier one for the same host is ignored. */

static ngx_int_t
ngx_http_paylock_apply_entry(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry)
{
    ngx_int_t                  rc;
    const char                *why;
    paylock_str_t              host, after;
    paylock_order_e            order;
    paylock_record_t           record, *set;
    ngx_http_paylock_key_t     key;
    ngx_http_paylock_table_t  *table;

    table = &feed->pmcf->table;
    host = entry->field[PAYLOCK_AUDIT_HOST];
    after = entry->field[PAYLOCK_AUDIT_AFTER];

    if (!paylock_entry_changes(entry)) {
        return paylock_entry_writes(entry)
               ? ngx_http_paylock_apply_number(feed, entry) : NGX_OK;
    }

    ngx_http_paylock_table_field(table, host.data, host.len, &key);

    if (ngx_http_paylock_apply_seen(feed->seen, &key)) {
        return NGX_OK;
    }

    set = NULL;

    if (after.len) {
        why = paylock_record_parse(after.data, after.len, &record);

        if (why) {
            ngx_http_paylock_report_reject(feed, "record of", host.data,
                                          host.len, why);
            return NGX_OK;
        }

        set = &record;
    }

    order = ngx_http_paylock_table_order(table, &key, set, ngx_time());

    if (feed->catching_up && order != PAYLOCK_ORDER_FIRST
        && ngx_http_paylock_table_explain(table, &key, set, ngx_time()))
    {
        return NGX_OK;
    }

    if (order > feed->order) {
        feed->later |= 1u << order;
        return NGX_OK;
    }

    ngx_http_paylock_apply_recent(feed->pmcf->node, host);

    feed->pmcf->node->by_hand = 0;

    if (feed->trust == NULL && (feed->scanning || feed->catching_up)) {
        feed->pmcf->node->overtaken = 1;
    }

    rc = ngx_http_paylock_table_set(table, &key, set);

    return rc == NGX_OK ? NGX_OK
                        : ngx_http_paylock_feed_full(feed, feed->fields);
}


/*
 * A notice and a pass write only their number.  Where no record was, there is
 * one now that says nothing, and HLEN counts it.
 */

static ngx_int_t
ngx_http_paylock_apply_number(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry)
{
    paylock_str_t              host, after;
    paylock_record_t           record;
    ngx_http_paylock_key_t     key;
    ngx_http_paylock_table_t  *table;

    table = &feed->pmcf->table;
    host = entry->field[PAYLOCK_AUDIT_HOST];
    after = entry->field[PAYLOCK_AUDIT_AFTER];

    if (after.len == 0
        || paylock_record_parse(after.data, after.len, &record) != NULL
        || paylock_record_says(&record))
    {
        return NGX_OK;
    }

    ngx_http_paylock_table_field(table, host.data, host.len, &key);

    return ngx_http_paylock_table_add(table, &key, &record) == NGX_OK
           ? NGX_OK : ngx_http_paylock_feed_full(feed, feed->fields);
}


/*
 * Remembers the name of a changed host, for the log: the table has only hashes.
 */

static void
ngx_http_paylock_apply_recent(ngx_http_paylock_node_sh_t *node,
    paylock_str_t host)
{
    ngx_uint_t                  i;
    ngx_http_paylock_recent_t  *recent;

    for (i = 0; i < NGX_HTTP_PAYLOCK_RECENT; i++) {
        recent = &node->recent[i];

        if (recent->len == host.len
            && ngx_memcmp(recent->name, host.data, host.len) == 0)
        {
            return;
        }
    }

    recent = &node->recent[node->nrecent++ % NGX_HTTP_PAYLOCK_RECENT];

    recent->len = ngx_min(host.len, sizeof(recent->name));
    ngx_memcpy(recent->name, host.data, recent->len);
}
