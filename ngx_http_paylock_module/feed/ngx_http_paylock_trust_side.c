
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What a scan notes beside the table: hosts whose record is not that of its
 * beginning, and those whose record names no entry.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_trust.h"


#define NGX_HTTP_PAYLOCK_SIDES  16384  /* lists of hosts, a power of two */

/* hosts that may change during a scan */

#define NGX_HTTP_PAYLOCK_SIDE   1000000


ngx_int_t
ngx_http_paylock_trust_side_begin(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_fold_t  *fold;

    fold = &feed->trust->fold;

    fold->n = 0;
    fold->nside = 0;

    fold->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, feed->log);

    if (fold->pool) {
        fold->side = ngx_pcalloc(fold->pool, NGX_HTTP_PAYLOCK_SIDES
                                 * sizeof(ngx_http_paylock_side_t *));
    }

    return fold->side ? NGX_OK : ngx_http_paylock_trust_scan_failed(feed);
}


ngx_http_paylock_side_t *
ngx_http_paylock_trust_side(ngx_http_paylock_fold_t *fold,
    const ngx_http_paylock_key_t *key)
{
    ngx_http_paylock_side_t  *side;

    side = fold->side[(key->hash >> 32) % NGX_HTTP_PAYLOCK_SIDES];

    while (side && side->hash != key->hash) {
        side = side->next;
    }

    return side;
}


ngx_int_t
ngx_http_paylock_trust_side_set(ngx_http_paylock_feed_t *feed,
    const ngx_http_paylock_key_t *key, uint64_t seq)
{
    ngx_http_paylock_fold_t   *fold;
    ngx_http_paylock_side_t   *side, **list;

    fold = &feed->trust->fold;
    side = ngx_http_paylock_trust_side(fold, key);

    if (side) {
        side->seq = seq;
        return NGX_OK;
    }

    if (fold->nside++ == NGX_HTTP_PAYLOCK_SIDE) {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_FULL,
                                           "too many records changed during "
                                           "a scan");
    }

    side = ngx_palloc(fold->pool, sizeof(ngx_http_paylock_side_t));

    if (side == NULL) {
        return ngx_http_paylock_trust_scan_failed(feed);
    }

    list = &fold->side[(key->hash >> 32) % NGX_HTTP_PAYLOCK_SIDES];

    side->hash = key->hash;
    side->seq = seq;
    side->next = *list;
    *list = side;

    return NGX_OK;
}


/* An entry has replaced a record that named none. */

void
ngx_http_paylock_trust_plain_forget(ngx_http_paylock_fold_t *fold,
    const ngx_http_paylock_key_t *key)
{
    ngx_uint_t  i;

    for (i = 0; i < fold->n; i++) {
        if (fold->host[i].hash == key->hash) {
            fold->host[i] = fold->host[--fold->n];
            return;
        }
    }
}


ngx_int_t
ngx_http_paylock_trust_plain_drop(ngx_http_paylock_feed_t *feed)
{
    ngx_uint_t                   i;
    ngx_http_paylock_fold_t     *fold;
    ngx_http_paylock_by_hand_t  *by_hand;

    fold = &feed->trust->fold;
    by_hand = &feed->trust->by_hand;

    if (ngx_http_paylock_apply_lock(feed) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < fold->n; i++) {
        ngx_http_paylock_table_forget(&feed->pmcf->table, &fold->host[i]);
        by_hand->set += fold->host[i].hash;
    }

    ngx_http_paylock_apply_unlock(feed);

    by_hand->n = fold->n;

    return NGX_OK;
}
