
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"
#include "paylock_verify.h"


static void ngx_http_paylock_chain_explain(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry);
static uint64_t ngx_http_paylock_chain_time(const paylock_entry_t *entry);
static ngx_uint_t ngx_http_paylock_chain_adopts(const paylock_entry_t *entry);
static ngx_uint_t ngx_http_paylock_chain_follows(
    const ngx_http_paylock_cursor_t *one,
    const ngx_http_paylock_cursor_t *next, ngx_uint_t adopts);
static ngx_int_t ngx_http_paylock_chain_step(ngx_http_paylock_feed_t *feed,
    const redisReply *reply);
static ngx_uint_t ngx_http_paylock_chain_archived(
    const ngx_http_paylock_feed_t *feed);
static uint64_t ngx_http_paylock_chain_furthest(
    const ngx_http_paylock_node_sh_t *node);


ngx_int_t
ngx_http_paylock_chain_head(ngx_http_paylock_feed_t *feed,
    const redisReply *entries, ngx_http_paylock_cursor_t *cursor)
{
    const char       *why;
    paylock_entry_t   entry;

    ngx_memzero(cursor, sizeof(ngx_http_paylock_cursor_t));

    if (entries->type != REDIS_REPLY_ARRAY || entries->elements > 1) {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_UNFIT,
                                           "unexpected reply to XREVRANGE");
    }

    if (entries->elements == 0) {
        return NGX_OK;
    }

    why = paylock_entry_read(entries->element[0], &entry);

    if (why == NULL && paylock_entry_intact(&entry) != 1) {
        why = "does not carry the hash of its contents";
    }

    if (why) {
        (void) ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_WRONG,
                                           "the last entry of \"%s\" %s",
                                           feed->pmcf->redis.audit, why);
        return NGX_DECLINED;
    }

    ngx_http_paylock_chain_cursor(cursor, &entry);

    return NGX_OK;
}


void
ngx_http_paylock_chain_cursor(ngx_http_paylock_cursor_t *cursor,
    const paylock_entry_t *entry)
{
    const paylock_str_t  *field;

    field = entry->field;

    cursor->seq = entry->seq;
    cursor->time = ngx_http_paylock_chain_time(entry);

    ngx_memcpy(cursor->chain, field[PAYLOCK_AUDIT_CHAIN].data,
               PAYLOCK_CHAIN_LEN);
    ngx_memcpy(cursor->hash, field[PAYLOCK_AUDIT_HASH].data,
               PAYLOCK_HASH_LEN);
    ngx_memcpy(cursor->prev, field[PAYLOCK_AUDIT_PREV].data,
               PAYLOCK_HASH_LEN);
}


static uint64_t
ngx_http_paylock_chain_time(const paylock_entry_t *entry)
{
    size_t         i;
    uint64_t       time;
    paylock_str_t  digits;

    digits = entry->field[PAYLOCK_AUDIT_TIME];

    for (time = 0, i = 0; i < digits.len; i++) {
        time = time * 10 + (digits.data[i] - '0');
    }

    return time;
}


static ngx_uint_t
ngx_http_paylock_chain_adopts(const paylock_entry_t *entry)
{
    paylock_str_t  action;

    action = entry->field[PAYLOCK_AUDIT_ACTION];

    return action.len == sizeof("adopt") - 1
           && ngx_memcmp(action.data, "adopt", action.len) == 0;
}


ngx_int_t
ngx_http_paylock_chain_next(ngx_http_paylock_feed_t *feed,
    const redisReply *reply)
{
    const char                 *why;
    ngx_uint_t                  adopts;
    paylock_entry_t             entry;
    ngx_http_paylock_cursor_t  *cursor, *applied, next;

    cursor = &feed->cursor;
    next = *cursor;
    adopts = 0;

    why = paylock_entry_read(reply, &entry);

    if (why == NULL && paylock_entry_intact(&entry) != 1) {
        why = "does not carry the hash of its contents";
    }

    if (why == NULL) {
        adopts = ngx_http_paylock_chain_adopts(&entry);

        ngx_http_paylock_chain_cursor(&next, &entry);

        applied = &feed->pmcf->node->cursor;

        if (cursor->seq == 0 && applied->seq
            && !ngx_http_paylock_chain_follows(applied, &next, 0))
        {
            return NGX_DECLINED;
        }

        if (cursor->seq
            && !ngx_http_paylock_chain_follows(cursor, &next, adopts))
        {
            why = "does not follow";
        }
    }

    if (why) {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_WRONG,
                                           "the entry after %uL of \"%s\" %s",
                                           cursor->seq,
                                           feed->pmcf->redis.audit, why);
    }

    *cursor = next;

    if (adopts) {
        feed->adopted = 1;

        ngx_log_error(NGX_LOG_NOTICE, feed->log, 0,
                      "paylock: entry %uL adopts this Redis", next.seq);
    }

    feed->fields += ngx_http_paylock_chain_adds(&entry);

    return NGX_OK;
}


int
ngx_http_paylock_chain_adds(const paylock_entry_t *entry)
{
    return (entry->field[PAYLOCK_AUDIT_AFTER].len != 0)
           - (entry->field[PAYLOCK_AUDIT_BEFORE].len != 0);
}


/* Only an entry of "adopt" may skip numbers. */

static ngx_uint_t
ngx_http_paylock_chain_follows(const ngx_http_paylock_cursor_t *one,
    const ngx_http_paylock_cursor_t *next, ngx_uint_t adopts)
{
    return (next->seq == one->seq + 1 || (adopts && next->seq > one->seq))
           && ngx_memcmp(next->chain, one->chain, PAYLOCK_CHAIN_LEN) == 0
           && ngx_memcmp(next->prev, one->hash, PAYLOCK_HASH_LEN) == 0;
}


ngx_int_t
ngx_http_paylock_chain_back(ngx_http_paylock_feed_t *feed,
    const redisReply *entries)
{
    size_t     end;
    ngx_int_t  rc;

    if (entries->type != REDIS_REPLY_ARRAY) {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_UNFIT,
                                           "unexpected reply to XREVRANGE");
    }

    rc = ngx_http_paylock_apply_lock(feed);

    if (rc != NGX_OK) {
        return rc;
    }

    end = ngx_min(feed->done + NGX_HTTP_PAYLOCK_ENTRIES, entries->elements);

    while (rc == NGX_OK && feed->done < end) {
        rc = ngx_http_paylock_chain_step(feed, entries->element[feed->done++]);
    }

    ngx_http_paylock_apply_unlock(feed);

    if (entries->elements == 0) {

        /* the start of the stream */

        feed->adopted |= ngx_http_paylock_chain_archived(feed);

        return NGX_DONE;
    }

    return rc == NGX_OK && end < entries->elements ? NGX_AGAIN : rc;
}


/*
 * If the walk meets the entry that was applied last, the head extends it.
 * Otherwise the latest newer entry for a host, in our chain, explains that the
 * scan will show it open.  "Newer" goes by the number, not by the time: clocks
 * differ, and the entries that Redis lost may have later times.
 */

static ngx_int_t
ngx_http_paylock_chain_step(ngx_http_paylock_feed_t *feed,
    const redisReply *reply)
{
    ngx_uint_t                  same, newer;
    paylock_entry_t             entry;
    ngx_http_paylock_cursor_t  *later, *applied, at;

    applied = &feed->pmcf->node->cursor;
    later = &feed->walked_to;

    if (paylock_entry_read(reply, &entry) != NULL
        || paylock_entry_intact(&entry) != 1)
    {
        return NGX_DONE;
    }

    ngx_http_paylock_chain_cursor(&at, &entry);

    if (later->seq && !ngx_http_paylock_chain_follows(&at, later, 0)) {
        return NGX_DONE;
    }

    same = ngx_memcmp(at.chain, applied->chain, PAYLOCK_CHAIN_LEN) == 0;

    if (same && at.seq == applied->seq
        && ngx_memcmp(at.hash, applied->hash, PAYLOCK_HASH_LEN) == 0)
    {
        feed->extends_known = 1;
        return NGX_DONE;
    }

    feed->added += ngx_http_paylock_chain_adds(&entry);
    feed->saw_adopt |= ngx_http_paylock_chain_adopts(&entry);

    if (feed->archive.seq == 0
        && !paylock_verify_tells(&entry, NULL, NULL, &feed->archive))
    {
        feed->archive.seq = 0;
    }

    if (ngx_http_paylock_chain_follows(applied, &at, 0)) {

        /* the applied entry was trimmed, but this one follows it */

        feed->extends_known = 1;
        return NGX_DONE;
    }

    if (at.seq <= applied->seq) {
        return NGX_DONE;
    }

    newer = at.seq > ngx_http_paylock_chain_furthest(feed->pmcf->node);

    if (newer && ngx_http_paylock_chain_adopts(&entry)) {

        /*
         * An "adopt" that is older than what was applied was for another loss.
         * Numbers of another chain cannot be compared, so the time must do.
         */

        feed->adopted = same || at.time > applied->time;
        return NGX_DONE;
    }

    if (same && newer) {
        ngx_http_paylock_chain_explain(feed, &entry);
    }

    feed->walked_to = at;

    return NGX_OK;
}


/* Is what was applied archived?  Then the records in Redis count as good. */

static ngx_uint_t
ngx_http_paylock_chain_archived(const ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_cursor_t  *applied;

    applied = &feed->pmcf->node->cursor;

    if (feed->archive.seq == 0
        || feed->archive.seq < applied->seq
        || feed->archive.seq + 1 != feed->walked_to.seq
        || ngx_memcmp(feed->archive.hash, feed->walked_to.prev,
                      PAYLOCK_HASH_LEN)
           != 0
        || ngx_memcmp(feed->walked_to.chain, applied->chain, PAYLOCK_CHAIN_LEN)
           != 0)
    {
        return 0;
    }

    ngx_log_error(NGX_LOG_INFO, feed->log, 0,
                  "paylock: entry %uL, which was applied here, is archived",
                  applied->seq);

    return 1;
}


/* The highest number of the chain that is known here. */

static uint64_t
ngx_http_paylock_chain_furthest(const ngx_http_paylock_node_sh_t *node)
{
    return ngx_memcmp(node->position.chain, node->cursor.chain,
                      PAYLOCK_CHAIN_LEN)
           == 0
           ? ngx_max(node->cursor.seq, node->position.seq) : node->cursor.seq;
}


static void
ngx_http_paylock_chain_explain(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry)
{
    paylock_str_t           host, after;
    paylock_record_t        record;
    ngx_http_paylock_key_t  key;

    host = entry->field[PAYLOCK_AUDIT_HOST];
    after = entry->field[PAYLOCK_AUDIT_AFTER];

    if (!paylock_entry_changes(entry)
        || feed->nseen == NGX_HTTP_PAYLOCK_SEEN / 2
        || (after.len
            && paylock_record_parse(after.data, after.len, &record) != NULL))
    {
        return;
    }

    ngx_http_paylock_table_field(&feed->pmcf->table, host.data, host.len, &key);

    if (!ngx_http_paylock_apply_seen(feed->seen, &key)) {
        feed->nseen++;

        (void) ngx_http_paylock_table_explain(&feed->pmcf->table, &key,
                                              after.len ? &record : NULL,
                                              ngx_time());
    }
}
