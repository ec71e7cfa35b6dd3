
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Writing to the table, as the owner of the lease may.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"
#include "ngx_http_paylock_state_file.h"


/*
 * Only the lease's owner writes, so that the mutex is free, but for a reload
 * that copies the zone.  Instead of blocking the worker this fails, and is
 * tried again.
 */

ngx_int_t
ngx_http_paylock_apply_lock(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = feed->pmcf;

    if (!ngx_shmtx_trylock(&pmcf->shpool->mutex)) {
        return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_LOST,
                                     "the zone is locked by another process");
    }

    if (pmcf->node->lease == feed->lease
        && ngx_http_paylock_table_begin(&pmcf->table) == NGX_OK)
    {
        return NGX_OK;
    }

    ngx_shmtx_unlock(&pmcf->shpool->mutex);

    return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_WRONG,
                                       "another worker took over, or memory "
                                       "is short");
}


void
ngx_http_paylock_apply_unlock(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_table_end(&feed->pmcf->table);
    ngx_shmtx_unlock(&feed->pmcf->shpool->mutex);

    ngx_http_paylock_state_writer_touch(feed->pmcf);
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
    ngx_http_paylock_cursor_t   *furthest;
    ngx_http_paylock_node_sh_t  *node;

    rc = ngx_http_paylock_apply_lock(feed);

    if (rc == NGX_OK) {
        node = feed->pmcf->node;
        furthest = &node->position;
        changed = 0;

        /* keep the cursor if the stream is gone */

        if (feed->cursor.seq) {
            node->cursor = feed->cursor;
        }

        ngx_memcpy(node->root, feed->root, PAYLOCK_HASH_LEN);
        ngx_memcpy(node->trust, feed->pmcf->signers.digest,
                   PAYLOCK_STATE_TRUST);

        node->fields = feed->fields;
        node->overtaken = 0;

        /* keep the position if the stream has lost its end */

        if (feed->cursor.seq
            && (feed->cursor.seq > furthest->seq || feed->adopted
                || feed->trust
                || ngx_memcmp(feed->cursor.chain, furthest->chain,
                              PAYLOCK_CHAIN_LEN)
                   != 0))
        {
            *furthest = feed->cursor;
            changed = 1;
        }

        feed->pmcf->table.sh->changes += changed || !node->synced;

        node->answered = ngx_current_msec;
        node->alerted = 0;
        node->synced = 1;

        ngx_log_debug3(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                       "paylock feed: cursor %uL, position %uL, %L fields",
                       node->cursor.seq, node->position.seq, node->fields);

        ngx_http_paylock_apply_unlock(feed);
    }

    return rc;
}


ngx_uint_t
ngx_http_paylock_apply_seen(uint64_t *seen, const ngx_http_paylock_key_t *key)
{
    uint64_t    id;
    ngx_uint_t  i;

    id = key->hash ? key->hash : 1;

    for (i = id >> 32; seen[i % NGX_HTTP_PAYLOCK_HOSTS]; i++) {
        if (seen[i % NGX_HTTP_PAYLOCK_HOSTS] == id) {
            return 1;
        }
    }

    seen[i % NGX_HTTP_PAYLOCK_HOSTS] = id;

    return 0;
}
