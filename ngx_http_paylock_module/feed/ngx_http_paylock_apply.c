
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"
#include "ngx_http_paylock_state.h"
#include "paylock_host.h"


/* so many closed hosts may be opened between two entries */

#define NGX_HTTP_PAYLOCK_BY_HAND  10


static ngx_int_t ngx_http_paylock_apply_field(ngx_http_paylock_feed_t *feed,
    const redisReply *host, const redisReply *value);
static ngx_http_paylock_belief_e ngx_http_paylock_apply_belief(
    ngx_http_paylock_feed_t *feed);


ngx_int_t
ngx_http_paylock_apply_fields(ngx_http_paylock_feed_t *feed,
    redisReply *fields)
{
    size_t     i, end;
    ngx_int_t  rc;

    if (fields->type != REDIS_REPLY_ARRAY || fields->elements % 2) {
        return ngx_http_paylock_apply_error(feed, NGX_HTTP_PAYLOCK_UNFIT,
                                            "unexpected reply to HSCAN");
    }

    rc = ngx_http_paylock_apply_lock(feed);

    if (rc != NGX_OK) {
        return rc;
    }

    end = ngx_min(feed->done + NGX_HTTP_PAYLOCK_FIELDS, fields->elements);

    for (i = feed->done; rc == NGX_OK && i < end; i += 2) {
        rc = ngx_http_paylock_apply_field(feed, fields->element[i],
                                          fields->element[i + 1]);
    }

    ngx_http_paylock_apply_unlock(feed);

    /* to free all of them takes its time, too */

    for ( /* void */ ; feed->done < end; feed->done++) {
        freeReplyObject(fields->element[feed->done]);
        fields->element[feed->done] = NULL;
    }

    return rc == NGX_OK && end < fields->elements ? NGX_AGAIN : rc;
}


static ngx_int_t
ngx_http_paylock_apply_field(ngx_http_paylock_feed_t *feed,
    const redisReply *host, const redisReply *value)
{
    const char                *why;
    paylock_record_t           record;
    ngx_http_paylock_key_t     key;
    ngx_http_paylock_table_t  *table;

    table = &feed->pmcf->table;

    if (host->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
    {
        return ngx_http_paylock_apply_error(feed, NGX_HTTP_PAYLOCK_UNFIT,
                                            "unexpected reply to HSCAN");
    }

    why = paylock_host_check(host->str, host->len);

    if (why) {
        ngx_http_paylock_report_reject(feed, "host", host->str, host->len, why);
        feed->strange++;
        return NGX_OK;
    }

    ngx_http_paylock_table_field(table, host->str, host->len, &key);

    why = paylock_record_parse(value->str, value->len, &record);

    if (why) {
        ngx_http_paylock_report_reject(feed, "record of", host->str, host->len,
                                      why);
        feed->strange += !ngx_http_paylock_table_keep(table, &key);
        return NGX_OK;
    }

    if (ngx_http_paylock_table_note(table, &key, &record) != NGX_OK) {

        /* the next scan, with the slots that this one gives back */

        ngx_http_paylock_table_keep(table, &key);
        feed->unnoted++;

    } else if (!feed->first) {
        ngx_http_paylock_table_guard(table, &key, host->str, host->len,
                                     ngx_time());
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_paylock_apply_sweep(ngx_http_paylock_feed_t *feed)
{
    ngx_int_t  rc;

    rc = ngx_http_paylock_apply_lock(feed);

    if (rc != NGX_OK) {
        return rc;
    }

    if (!feed->looked) {
        rc = ngx_http_paylock_table_look(&feed->pmcf->table, &feed->sweep,
                                         NGX_HTTP_PAYLOCK_BUCKETS);
        if (rc == NGX_OK) {
            feed->looked = 1;
            feed->sweep.belief = ngx_http_paylock_apply_belief(feed);
            rc = NGX_AGAIN;
        }

    } else {
        rc = ngx_http_paylock_table_sweep(&feed->pmcf->table, &feed->sweep,
                                          NGX_HTTP_PAYLOCK_BUCKETS);
    }

    ngx_http_paylock_apply_unlock(feed);

    return rc;
}


/* A store that forgot shows many hosts open; a person opens a few by hand. */

static ngx_http_paylock_belief_e
ngx_http_paylock_apply_belief(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    if (feed->first || feed->adopted) {
        node->by_hand = 0;
        return NGX_HTTP_PAYLOCK_BELIEVE_ALL;
    }

    if (feed->ours && feed->head_fields
        && node->by_hand + feed->sweep.lost + feed->unnoted
           <= NGX_HTTP_PAYLOCK_BY_HAND)
    {
        node->by_hand += feed->sweep.lost;
        return NGX_HTTP_PAYLOCK_BELIEVE_NEW;
    }

    return NGX_HTTP_PAYLOCK_BELIEVE_NONE;
}


/*
 * Only the lease's owner writes, so that the mutex is free; unless another
 * process was stopped while it held it, and a worker does not wait for that.
 */

ngx_int_t
ngx_http_paylock_apply_lock(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = feed->pmcf;

    if (!ngx_shmtx_trylock(&pmcf->shpool->mutex)) {
        return ngx_http_paylock_apply_error(feed, NGX_HTTP_PAYLOCK_WRONG,
                                     "the zone is locked by another process");
    }

    if (pmcf->node->lease == feed->held
        && ngx_http_paylock_table_begin(&pmcf->table) == NGX_OK)
    {
        return NGX_OK;
    }

    ngx_shmtx_unlock(&pmcf->shpool->mutex);

    return ngx_http_paylock_apply_error(feed, NGX_HTTP_PAYLOCK_WRONG,
                                        "another worker took over, or memory "
                                        "is short");
}


void
ngx_http_paylock_apply_unlock(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_table_end(&feed->pmcf->table);
    ngx_shmtx_unlock(&feed->pmcf->shpool->mutex);

    ngx_http_paylock_saver_touch(feed->pmcf);
}


ngx_int_t
ngx_http_paylock_apply_begin(ngx_http_paylock_feed_t *feed)
{
    ngx_int_t  rc;

    rc = ngx_http_paylock_apply_lock(feed);

    if (rc == NGX_OK) {
        ngx_http_paylock_table_scan(&feed->pmcf->table);
        ngx_http_paylock_apply_unlock(feed);
    }

    return rc;
}


ngx_int_t
ngx_http_paylock_apply_commit(ngx_http_paylock_feed_t *feed)
{
    ngx_int_t                    rc;
    ngx_uint_t                   changed;
    ngx_http_paylock_cursor_t   *own;
    ngx_http_paylock_node_sh_t  *node;

    rc = ngx_http_paylock_apply_lock(feed);

    if (rc == NGX_OK) {
        node = feed->pmcf->node;
        own = &node->position;
        changed = 0;

        /* a stream that is gone does not make us forget what we know */

        if (feed->cursor.seq) {
            node->cursor = feed->cursor;
        }

        node->fields = feed->fields;
        node->overtaken = 0;

        /* nor does one that has lost its end make the state file go back */

        if (feed->cursor.seq
            && (feed->cursor.seq > own->seq || feed->adopted
                || ngx_memcmp(feed->cursor.chain, own->chain,
                              PAYLOCK_CHAIN_LEN)
                   != 0))
        {
            *own = feed->cursor;
            changed = 1;
        }

        feed->pmcf->table.sh->changes += changed || !node->synced;

        node->answered = ngx_current_msec;
        node->alerted = 0;
        node->synced = 1;

        ngx_http_paylock_apply_unlock(feed);
    }

    return rc;
}


ngx_int_t
ngx_http_paylock_apply_full(ngx_http_paylock_feed_t *feed, uint64_t found)
{
    uint32_t  capacity, size;

    capacity = feed->pmcf->table.sh->capacity;
    size = feed->pmcf->size / 1024;

    found = ngx_max(found, (uint64_t) capacity + 1);

    return ngx_http_paylock_apply_error(feed, NGX_HTTP_PAYLOCK_FULL,
                              "\"paylock_zone\" of %uDk holds at most %uD "
                              "records, %uL found: raise it to %uLk",
                              size, capacity, found,
                              ngx_max(found * 80 / 1024 + 64, size + size / 8));
}


ngx_int_t
ngx_http_paylock_apply_error(ngx_http_paylock_feed_t *feed,
    ngx_http_paylock_trouble_e trouble, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    feed->trouble = trouble;

    va_start(args, fmt);
    p = ngx_vslprintf((u_char *) feed->why,
                      (u_char *) feed->why + sizeof(feed->why) - 1, fmt, args);
    va_end(args);

    *p = '\0';

    return NGX_ERROR;
}
