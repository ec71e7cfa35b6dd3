
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Errors of the feed: kind and text, for the log.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_feed.h"


ngx_int_t
ngx_http_paylock_feed_error(ngx_http_paylock_feed_t *feed,
    ngx_http_paylock_feed_error_e error, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    feed->error = error;

    va_start(args, fmt);
    p = ngx_vslprintf((u_char *) feed->why,
                      (u_char *) feed->why + sizeof(feed->why) - 1, fmt, args);
    va_end(args);

    *p = '\0';

    return NGX_ERROR;
}


ngx_int_t
ngx_http_paylock_feed_full(ngx_http_paylock_feed_t *feed, uint64_t found)
{
    uint32_t  capacity, size;

    capacity = feed->pmcf->table.sh->capacity;
    size = feed->pmcf->size / 1024;

    found = ngx_max(found, (uint64_t) capacity + 1);

    return ngx_http_paylock_feed_error(feed, NGX_HTTP_PAYLOCK_FEED_FULL,
                              "\"paylock_zone\" of %uDk holds at most %uD "
                              "records, %uL found: raise it to %uLk",
                              size, capacity, found,
                              ngx_max(found * 80 / 1024 + 64, size + size / 8));
}


void
ngx_http_paylock_feed_unfit(ngx_http_paylock_feed_t *feed, const char *why)
{
    feed->error = NGX_HTTP_PAYLOCK_FEED_UNFIT;

    ngx_http_paylock_redis_fail(&feed->conn, why);
}
