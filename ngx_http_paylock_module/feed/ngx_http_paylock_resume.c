
/*
 * Copyright (C) 2026 paylock contributors
 *
 * After a new connection: follow on from the head, or scan.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_trust.h"


void
ngx_http_paylock_resume(void *data, redisReply *reply)
{
    int64_t                      fields;
    ngx_http_paylock_feed_t     *feed = data;
    ngx_http_paylock_cursor_t    head;
    ngx_http_paylock_node_sh_t  *node;

    if (feed->trust) {
        ngx_http_paylock_trust_resume(feed, reply);
        return;
    }

    if (ngx_http_paylock_head_read(feed, reply, &head, &fields) != NGX_OK) {
        return;
    }

    node = feed->pmcf->node;

    /* without a head the records may be others: -1 forces a scan */

    feed->cursor = head;
    feed->fields = head.seq ? node->fields : -1;

    /* if entries were missed, scan_start() walks back to them */

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
