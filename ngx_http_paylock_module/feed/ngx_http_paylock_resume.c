
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A new connection: what is known goes on from the head, or a scan starts.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"


void
ngx_http_paylock_resume(void *data, redisReply *reply)
{
    int64_t                      fields;
    ngx_http_paylock_feed_t     *feed = data;
    ngx_http_paylock_cursor_t    head;
    ngx_http_paylock_node_sh_t  *node;

    if (ngx_http_paylock_head_read(feed, reply, &head, &fields) != NGX_OK) {
        return;
    }

    node = feed->pmcf->node;

    /* without a head nothing tells that these are the same records */

    feed->cursor = head;
    feed->fields = head.seq ? node->fields : -1;

    /* where entries were missed the walk back finds out */

    if ((ngx_memcmp(&head, &node->cursor, sizeof(head)) != 0
         && !(head.seq == 0 && node->gone))
        || ngx_http_paylock_schedule_scan_due(feed, fields, feed->fields))
    {
        ngx_http_paylock_scan_start(feed, reply);
        return;
    }

    feed->adopted = 0;
    feed->catching_up = 0;
    feed->checked = ngx_current_msec;

    ngx_http_paylock_feed_follow(feed);
}
