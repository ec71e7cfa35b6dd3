
/*
 * Copyright (C) 2026 paylock contributors
 *
 * When to scan.  Scans take a hundredth of the time at most, whatever triggers
 * them.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"


/* milliseconds: unused time that is saved up for later scans */

#define NGX_HTTP_PAYLOCK_SAVED  200000


/*
 * overtaken: a scan that was broken off has applied entries behind the cursor;
 * to apply them again would undo what came after them.  An empty hash is
 * scanned at once: that is cheap, and a loss.
 */

ngx_uint_t
ngx_http_paylock_schedule_scan_due(ngx_http_paylock_feed_t *feed,
    int64_t fields, int64_t expected)
{
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    return node->scanned == 0
           || node->overtaken
           || ngx_http_paylock_schedule_next_scan(feed) == 0
           || (fields != expected
               && (fields == 0
                   || (ngx_msec_int_t) (ngx_current_msec - node->paid) >= 0));
}


ngx_msec_t
ngx_http_paylock_schedule_next_scan(ngx_http_paylock_feed_t *feed)
{
    ngx_msec_t                   age, pause;
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    age = ngx_current_msec - node->scanned;
    pause = ngx_max(feed->pmcf->reconcile, node->lasted * 99);

    return age < pause ? pause - age : 0;
}


ngx_msec_t
ngx_http_paylock_schedule_scanned(ngx_http_paylock_feed_t *feed)
{
    ngx_msec_t                   lasted, since;
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    lasted = ngx_current_msec - feed->started;

    /* the first scan is free */

    if (node->scanned == 0) {
        return lasted;
    }

    since = ngx_current_msec - NGX_HTTP_PAYLOCK_SAVED;

    if ((ngx_msec_int_t) (since - node->paid) > 0) {
        node->paid = since;
    }

    node->paid += lasted * 100;

    return lasted;
}
