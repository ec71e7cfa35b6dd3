
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A scan whose records count only if they fit the root of a signed entry.
 * Records are noted beside those in force, and added up; then the entries that
 * came meanwhile take out what was before and put in what is after.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <inttypes.h>

#include "ngx_http_paylock_trust.h"
#include "paylock_host.h"


static ngx_int_t ngx_http_paylock_trust_scan_field(
    ngx_http_paylock_feed_t *feed, const redisReply *host,
    const redisReply *value);
static ngx_int_t ngx_http_paylock_trust_scan_note(
    ngx_http_paylock_feed_t *feed, const ngx_http_paylock_key_t *key,
    paylock_str_t host, paylock_str_t value);
static ngx_int_t ngx_http_paylock_trust_scan_unfit(
    ngx_http_paylock_feed_t *feed, const paylock_entry_t *entry);
static ngx_int_t ngx_http_paylock_trust_scan_entry(
    ngx_http_paylock_feed_t *feed, const paylock_entry_t *entry);
static ngx_int_t ngx_http_paylock_trust_scan_add(
    ngx_http_paylock_feed_t *feed, paylock_lattice_t *lattice,
    paylock_str_t host, paylock_str_t value);
static ngx_int_t ngx_http_paylock_trust_scan_remove(
    ngx_http_paylock_feed_t *feed, paylock_str_t host, paylock_str_t value);
static void ngx_http_paylock_trust_scan_differs(ngx_http_paylock_feed_t *feed,
    ngx_uint_t is_signed);


ngx_int_t
ngx_http_paylock_trust_scan_begin(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_fold_t   *fold;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;
    fold = &trust->fold;

    ngx_http_paylock_trust_scan_end(feed);

    ngx_memzero(&fold->lattice, sizeof(paylock_lattice_t));
    ngx_memzero(&fold->plain, sizeof(paylock_lattice_t));

    fold->begin = trust->head.seq;

    if (ngx_http_paylock_trust_side_begin(feed) != NGX_OK) {
        return NGX_ERROR;
    }

    trust->folding = 1;

    /* if it fits, all that the scan shows is believed */

    feed->adopted = 1;

    return NGX_OK;
}


void
ngx_http_paylock_trust_scan_end(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    if (feed->scanning) {
        feed->scanning = 0;
        (void) ngx_http_paylock_schedule_scanned(feed);
    }

    if (trust->fold.pool) {
        ngx_destroy_pool(trust->fold.pool);
        trust->fold.pool = NULL;
        trust->fold.side = NULL;
    }

    trust->folding = 0;
    feed->adopted = 0;
}


ngx_int_t
ngx_http_paylock_trust_scan_fields(ngx_http_paylock_feed_t *feed,
    redisReply *fields)
{
    return ngx_http_paylock_apply_page(feed, fields,
                                       ngx_http_paylock_trust_scan_field);
}


/* HSCAN may give a host more than once: the first time counts. */

static ngx_int_t
ngx_http_paylock_trust_scan_field(ngx_http_paylock_feed_t *feed,
    const redisReply *host, const redisReply *value)
{
    uint64_t                   seq;
    paylock_str_t              name, record;
    ngx_http_paylock_key_t     key;
    ngx_http_paylock_fold_t   *fold;
    ngx_http_paylock_table_t  *table;

    table = &feed->pmcf->table;
    fold = &feed->trust->fold;

    if (host->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
    {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_UNFIT,
                                           "unexpected reply to HSCAN");
    }

    name.data = host->str;
    name.len = host->len;
    record.data = value->str;
    record.len = value->len;

    ngx_http_paylock_table_field(table, name.data, name.len, &key);

    if (ngx_http_paylock_trust_side(fold, &key)
        || ngx_http_paylock_table_noted(table, &key))
    {
        return NGX_OK;
    }

    seq = paylock_record_seq(record.data, record.len);

    if (seq == 0 && fold->n < NGX_HTTP_PAYLOCK_PLAIN) {
        fold->host[fold->n++] = key;

        if (ngx_http_paylock_trust_scan_add(feed, &fold->plain, name, record)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else if (ngx_http_paylock_trust_scan_add(feed, &fold->lattice, name,
                                               record)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (seq > fold->begin
        && ngx_http_paylock_trust_side_set(feed, &key, seq) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_paylock_trust_scan_note(feed, &key, name, record);
}


/* What is no record, or has no room, must not be counted twice either. */

static ngx_int_t
ngx_http_paylock_trust_scan_note(ngx_http_paylock_feed_t *feed,
    const ngx_http_paylock_key_t *key, paylock_str_t host,
    paylock_str_t value)
{
    const char                *why;
    paylock_record_t           record;
    ngx_http_paylock_table_t  *table;

    table = &feed->pmcf->table;

    why = paylock_host_check(host.data, host.len);

    if (why) {
        ngx_http_paylock_report_reject(feed, "host", host.data, host.len, why);
        feed->without_slot++;
        return ngx_http_paylock_trust_side_set(feed, key,
                                               feed->trust->fold.begin);
    }

    why = paylock_record_parse(value.data, value.len, &record);

    if (why) {
        ngx_http_paylock_report_reject(feed, "record of", host.data, host.len,
                                       why);
        feed->without_slot += !ngx_http_paylock_table_keep(table, key);

    } else if (ngx_http_paylock_table_note(table, key, &record) == NGX_OK) {
        return NGX_OK;

    } else {
        (void) ngx_http_paylock_table_keep(table, key);
        feed->unnoted++;
    }

    return ngx_http_paylock_trust_side(&feed->trust->fold, key)
           ? NGX_OK
           : ngx_http_paylock_trust_side_set(feed, key,
                                             feed->trust->fold.begin);
}


/* Entries of after the scan's beginning, in their order. */

ngx_int_t
ngx_http_paylock_trust_scan_entries(ngx_http_paylock_feed_t *feed,
    const redisReply *entries)
{
    size_t           end;
    ngx_int_t        rc;
    paylock_entry_t  entry;

    rc = ngx_http_paylock_apply_lock(feed);

    if (rc != NGX_OK) {
        return rc;
    }

    end = ngx_min(feed->done + NGX_HTTP_PAYLOCK_ENTRIES, feed->complete);

    for ( /* void */ ; rc == NGX_OK && feed->done < end; feed->done++) {
        (void) paylock_entry_read(entries->element[feed->done], &entry);
        rc = ngx_http_paylock_trust_scan_entry(feed, &entry);

        if (rc == NGX_OK && paylock_vouch_on(&feed->trust->vouch, &entry) != 0)
        {
            rc = ngx_http_paylock_trust_scan_unfit(feed, &entry);
        }
    }

    ngx_http_paylock_apply_unlock(feed);

    return rc == NGX_OK && end < feed->complete ? NGX_AGAIN : rc;
}


static ngx_int_t
ngx_http_paylock_trust_scan_unfit(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry)
{
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    if (trust->vouch.v.fault.kind == PAYLOCK_FAULT_MEMORY) {
        return ngx_http_paylock_trust_scan_failed(feed);
    }

    trust->unfit = entry->seq;
    trust->v.fault = trust->vouch.v.fault;

    return NGX_DECLINED;
}


/*
 * If HSCAN did not show the host, it was not there all the time: its record
 * before the first such entry was never added.
 */

static ngx_int_t
ngx_http_paylock_trust_scan_entry(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry)
{
    ngx_uint_t                 seen;
    paylock_str_t              host, before, after;
    ngx_http_paylock_key_t     key;
    ngx_http_paylock_fold_t   *fold;
    ngx_http_paylock_side_t   *side;
    ngx_http_paylock_table_t  *table;

    table = &feed->pmcf->table;
    fold = &feed->trust->fold;

    /* a notice changes the record, too, by its number */

    if (!paylock_entry_writes(entry)) {
        return NGX_OK;
    }

    host = entry->field[PAYLOCK_AUDIT_HOST];
    before = entry->field[PAYLOCK_AUDIT_BEFORE];
    after = entry->field[PAYLOCK_AUDIT_AFTER];

    ngx_http_paylock_table_field(table, host.data, host.len, &key);

    side = ngx_http_paylock_trust_side(fold, &key);
    seen = side || ngx_http_paylock_table_noted(table, &key);

    if (side && side->seq >= entry->seq) {
        return NGX_OK;
    }

    if (seen
        && ngx_http_paylock_trust_limits_noted(feed, entry, &key) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ngx_http_paylock_trust_plain_forget(fold, &key);

    if (seen && before.len
        && ngx_http_paylock_trust_scan_remove(feed, host, before) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_paylock_trust_side_set(feed, &key, entry->seq) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_paylock_table_forget(table, &key);

    if (after.len == 0) {
        return NGX_OK;
    }

    if (ngx_http_paylock_trust_scan_add(feed, &fold->lattice, host, after)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_paylock_trust_scan_note(feed, &key, host, after);
}


static ngx_int_t
ngx_http_paylock_trust_scan_add(ngx_http_paylock_feed_t *feed,
    paylock_lattice_t *lattice, paylock_str_t host, paylock_str_t value)
{
    u_char                  pair[PAYLOCK_PAIR];
    paylock_lattice_ctx_t  *ctx;

    ctx = &feed->trust->fold.ctx;

    return paylock_lattice_pair(ctx, host.data, host.len, value.data,
                                value.len, pair)
           == 0
           && paylock_lattice_add(ctx, lattice, pair) == 0
           ? NGX_OK : ngx_http_paylock_trust_scan_failed(feed);
}


static ngx_int_t
ngx_http_paylock_trust_scan_remove(ngx_http_paylock_feed_t *feed,
    paylock_str_t host, paylock_str_t value)
{
    u_char                  pair[PAYLOCK_PAIR];
    paylock_lattice_ctx_t  *ctx;

    ctx = &feed->trust->fold.ctx;

    return paylock_lattice_pair(ctx, host.data, host.len, value.data,
                                value.len, pair)
           == 0
           && paylock_lattice_remove(ctx, &feed->trust->fold.lattice, pair)
              == 0
           ? NGX_OK : ngx_http_paylock_trust_scan_failed(feed);
}


ngx_int_t
ngx_http_paylock_trust_scan_failed(ngx_http_paylock_feed_t *feed)
{
    return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_FULL,
                                       "no memory to check the records");
}


/*
 * Records that name no entry are part of the root if they are older than the
 * trail.  Else they were written by hand, and are left out.
 */

ngx_int_t
ngx_http_paylock_trust_scan_fits(ngx_http_paylock_feed_t *feed)
{
    char                       with[PAYLOCK_HASH_LEN + 1];
    char                       root[PAYLOCK_HASH_LEN + 1];
    paylock_lattice_t          all, *fits;
    ngx_http_paylock_fold_t   *fold;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;
    fold = &trust->fold;

    all = fold->lattice;
    paylock_lattice_join(&all, &fold->plain);

    if (paylock_lattice_root(&fold->ctx, &all, with) != 0
        || paylock_lattice_root(&fold->ctx, &fold->lattice, root) != 0)
    {
        return ngx_http_paylock_trust_scan_failed(feed);
    }

    ngx_log_debug4(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: root of entry %uL: %s, scanned: %s, or %s",
                   feed->cursor.seq, trust->v.root, with, root);

    ngx_memzero(&trust->by_hand, sizeof(ngx_http_paylock_by_hand_t));

    fits = ngx_strcmp(with, trust->v.root) == 0 ? &all
           : ngx_strcmp(root, trust->v.root) == 0 ? &fold->lattice : NULL;

    if (fits == NULL || paylock_vouch_fits(&trust->vouch, fits) != 1) {
        ngx_http_paylock_trust_scan_differs(feed, fits != NULL);
        return NGX_DECLINED;
    }

    if (fits != &all && ngx_http_paylock_trust_plain_drop(feed) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(feed->root, trust->v.root, PAYLOCK_HASH_LEN);

    return NGX_OK;
}


static void
ngx_http_paylock_trust_scan_differs(ngx_http_paylock_feed_t *feed,
    ngx_uint_t is_signed)
{
    const char                *locks;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;
    locks = feed->pmcf->redis.locks;

    if (!is_signed) {
        (void) paylock_verify_bad(&trust->v, PAYLOCK_FAULT_FLAGS,
                                  feed->cursor.seq, "the records in \"%s\" do "
                                  "not have the root that entry %" PRIu64
                                  " has signed", locks, feed->cursor.seq);
        return;
    }

    (void) paylock_verify_bad(&trust->v, PAYLOCK_FAULT_FLAGS, feed->cursor.seq,
                              "the records in \"%s\" have the root that entry "
                              "%" PRIu64 " has signed, but the entries since "
                              "%" PRIu64 ", of signers who may not adopt, do "
                              "not lead to them", locks, feed->cursor.seq,
                              trust->vouch.base);
}
