/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the feed asks for, and what it does with that, as in
 * ngx_http_paylock_scan.c and ngx_http_paylock_follow.c.
 */


#ifndef _FEED_SCAN_H_INCLUDED_
#define _FEED_SCAN_H_INCLUDED_


static int
apply(redisReply *reply)
{
    int  rc;

    now.feed.done = 0;

    do {
        rc = ngx_http_paylock_apply_entries(&now.feed, reply);
    } while (rc == NGX_AGAIN);

    return rc;
}


/* entries behind the cursor, up to a number */

static int
read_entries(uint64_t to)
{
    int           i, n;
    redisReply    reply, *element[ENTRIES];

    memset(&reply, 0, sizeof(reply));
    reply.type = REDIS_REPLY_ARRAY;
    reply.element = element;

    for (n = 0, i = 0; i < redis.n && n < (int) now.feed.batch; i++) {
        if (redis.entry[i]->seq > now.feed.cursor.seq
            && redis.entry[i]->seq <= to)
        {
            element[n++] = &redis.entry[i]->reply;
        }
    }

    reply.elements = n;

    if (n == 0) {
        return to == UINT64_MAX ? NGX_OK : NGX_ERROR;
    }

    replayed = 1;

    return apply(&reply);
}


static int
head(ngx_http_paylock_cursor_t *cursor)
{
    redisReply  reply, *element[1];

    memset(&reply, 0, sizeof(reply));
    reply.type = REDIS_REPLY_ARRAY;
    reply.elements = redis.n != 0;
    reply.element = element;

    if (redis.n) {
        element[0] = &redis.entry[redis.n - 1]->reply;
    }

    return ngx_http_paylock_chain_head(&now.feed, &reply, cursor);
}


/* the way back from the head, as ngx_http_paylock_scan.c asks for it */

static int
walk(void)
{
    int         i, n, rc;
    redisReply  reply, *element[ENTRIES];

    memset(&reply, 0, sizeof(reply));
    reply.type = REDIS_REPLY_ARRAY;
    reply.element = element;

    for (i = redis.n; i > 0; i -= n) {

        for (n = 0; n < i && n < (int) now.feed.batch; n++) {
            element[n] = &redis.entry[i - 1 - n]->reply;
        }

        reply.elements = n;
        now.feed.done = 0;

        do {
            rc = ngx_http_paylock_chain_back(&now.feed, &reply);
        } while (rc == NGX_AGAIN);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_DONE;
}


static redisReply *
reply_of(int first, int n)
{
    int          f, k, i;
    const char  *text[2];
    redisReply  *reply;

    reply = calloc(1, sizeof(redisReply));
    reply->type = REDIS_REPLY_ARRAY;
    reply->element = calloc(2 * n + 1, sizeof(redisReply *));

    for (i = 0; i < n; i++) {
        f = (first + i) % FIELDS;

        if (redis.record[f] == NONE) {
            continue;
        }

        text[0] = fields[f];
        text[1] = records[redis.record[f]];

        for (k = 0; k < 2; k++) {
            reply->element[reply->elements] = calloc(1, sizeof(redisReply));
            reply->element[reply->elements]->type = REDIS_REPLY_STRING;
            reply->element[reply->elements]->str = strdup(text[k]);
            reply->element[reply->elements]->len = strlen(text[k]);
            reply->elements++;
        }
    }

    return reply;
}


static int
catch_up(void)
{
    int  rc;

    while (memcmp(&now.feed.cursor, &now.feed.head, sizeof(now.feed.head)))
    {
        if (now.feed.head.seq <= now.feed.cursor.seq) {
            return NGX_ERROR;
        }

        rc = read_entries(now.feed.head.seq);

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
transaction(void)
{
    int  n, f, r;

    requests++;

    for (n = 1 + next(4); n; n--) {
        f = next(FIELDS);
        r = (int) next(RECORDS + 2) - 2;
        redis_write(f, r < 0 ? NONE : r, 0, "");
    }
}


static int
scan(void)
{
    int                       rc, f;
    ngx_http_paylock_feed_t  *feed;

    feed = &now.feed;
    feed->fields = redis_length();
    feed->first = !now.node.synced;
    feed->extends_known = 1;
    feed->missed_entries = 0;
    feed->adopted = 0;
    feed->catching_up = 0;

    must(ngx_http_paylock_apply_begin(feed) == NGX_OK);

    if (head(&feed->cursor) != NGX_OK) {
        return NGX_ERROR;
    }

    if (now.node.cursor.seq
        && memcmp(&now.node.cursor, &feed->cursor, sizeof(feed->cursor)))
    {
        feed->extends_known = 0;
        feed->missed_entries = 1;
        feed->walked_to.seq = 0;
        feed->added = 0;
        feed->saw_adopt = 0;
        feed->nseen = 0;
        memset(feed->seen, 0, sizeof(feed->seen));

        if (feed->cursor.seq && walk() == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (feed->extends_known) {
            feed->head = feed->cursor;
            feed->cursor = now.node.cursor;
            feed->catching_up = 1;

            if (catch_up() != NGX_OK) {
                return NGX_ERROR;
            }

            feed->catching_up = 0;
        }
    }

    feed->unnoted = 0;
    feed->without_slot = 0;

    must(ngx_http_paylock_apply_begin(feed) == NGX_OK);

    for (f = 0; f < FIELDS; f += 3) {
        pending = reply_of(f, ngx_min(FIELDS - f, 3));
        feed->done = 0;

        do {
            rc = ngx_http_paylock_apply_fields(feed, pending);
        } while (rc == NGX_AGAIN);

        freeReplyObject(pending);
        pending = NULL;

        must(rc == NGX_OK);

        if (disturbed) {
            if (next(3) == 0) {
                transaction();
            }

            if (read_entries(UINT64_MAX) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    if (head(&feed->head) != NGX_OK || catch_up() != NGX_OK) {
        return NGX_ERROR;
    }

    feed->head_fields = redis_length();

    memset(&feed->sweep, 0, sizeof(feed->sweep));
    feed->sweep.now = clock_now.sec;
    feed->sweep.belief = feed->first || feed->adopted
                         ? NGX_HTTP_PAYLOCK_BELIEVE_ALL
                         : NGX_HTTP_PAYLOCK_BELIEVE_NONE;
    feed->looked = 0;

    do {
        rc = ngx_http_paylock_apply_sweep(feed);
    } while (rc == NGX_AGAIN);

    must(rc == NGX_OK && feed->unnoted == 0);

    must(disturbed || feed->sweep.seen + feed->without_slot
                      == (uint32_t) feed->head_fields);

    feed->fields = feed->head_fields;

    return ngx_http_paylock_apply_commit(feed);
}


static int
follow(void)
{
    int  rc;

    rc = read_entries(UINT64_MAX);

    if (rc == NGX_DECLINED || (rc == NGX_OK && now.feed.adopted)) {
        return NGX_DECLINED;
    }

    return rc == NGX_OK ? ngx_http_paylock_apply_commit(&now.feed) : rc;
}


#endif /* _FEED_SCAN_H_INCLUDED_ */
