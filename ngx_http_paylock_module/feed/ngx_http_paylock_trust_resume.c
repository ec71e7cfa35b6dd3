
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Where to go on from: behind what was verified, or behind an adopt.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_trust.h"


static ngx_uint_t ngx_http_paylock_trust_known(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_trust_lost(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_trust_seek(ngx_http_paylock_feed_t *feed);
static void ngx_http_paylock_trust_sought(void *data, redisReply *reply);
static void ngx_http_paylock_trust_look(void *data, redisReply *reply);
static ngx_int_t ngx_http_paylock_trust_adopts(ngx_http_paylock_feed_t *feed,
    const redisReply *reply);


void
ngx_http_paylock_trust_resume(void *data, redisReply *reply)
{
    int64_t                    fields;
    ngx_http_paylock_feed_t   *feed = data;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    if (ngx_http_paylock_head_read(feed, reply, &trust->head, &fields)
        != NGX_OK)
    {
        return;
    }

    ngx_http_paylock_trust_scan_end(feed);

    trust->began = ngx_current_msec;
    trust->want = feed->batch;
    trust->checked = 0;
    trust->adopted = 0;
    trust->holding = 0;
    trust->unfit = 0;
    trust->why[0] = '\0';

    if (!ngx_http_paylock_trust_known(feed)) {
        ngx_http_paylock_trust_begin(feed, reply);
        return;
    }

    ngx_http_paylock_trust_go_on(feed);
}


/* Was what is applied verified by the same signers? */

static ngx_uint_t
ngx_http_paylock_trust_known(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;

    return node->root[0] != '\0'
           && ngx_memcmp(node->trust, feed->pmcf->signers.digest,
                         PAYLOCK_STATE_TRUST)
              == 0;
}


void
ngx_http_paylock_trust_go_on(ngx_http_paylock_feed_t *feed)
{
    char                         chain[PAYLOCK_CHAIN_LEN + 1];
    ngx_http_paylock_trust_t    *trust;
    ngx_http_paylock_cursor_t   *head;
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;
    trust = feed->trust;
    head = &trust->head;

    (void) ngx_cpystrn((u_char *) chain, (u_char *) node->cursor.chain,
                       sizeof(chain));

    paylock_verify_free(&trust->v);
    paylock_verify_begin(&trust->v, chain, feed->pmcf->signers.realm,
                         &feed->pmcf->signers.list);

    ngx_memcpy(trust->v.root, node->root, PAYLOCK_HASH_LEN);
    trust->covered = node->cursor;

    ngx_http_paylock_trust_from(feed);

    feed->cursor = node->cursor;
    feed->fields = node->fields;
    ngx_memcpy(feed->root, node->root, PAYLOCK_HASH_LEN);

    if (ngx_memcmp(head, &feed->cursor, sizeof(*head)) == 0) {
        feed->checked = ngx_current_msec;
        ngx_http_paylock_feed_follow(feed);

    } else if (!feed->head_invalid && head->seq <= feed->cursor.seq) {
        ngx_http_paylock_trust_lost(feed);

    } else {
        ngx_http_paylock_feed_ask_entries(feed, 0);
    }
}


static void
ngx_http_paylock_trust_lost(ngx_http_paylock_feed_t *feed)
{
    const char                 *stream;
    ngx_http_paylock_cursor_t  *head;

    head = &feed->trust->head;
    stream = feed->pmcf->redis.audit;

    if (head->seq == 0) {
        ngx_http_paylock_trust_hold(feed, "\"%s\" is gone, of which entry %uL "
                                    "is known here", stream, feed->cursor.seq);

    } else if (head->seq == feed->cursor.seq) {
        ngx_http_paylock_trust_hold(feed, "entry %uL of \"%s\" is not the one "
                                    "that is known here", head->seq, stream);

    } else {
        ngx_http_paylock_trust_hold(feed, "\"%s\" ends with entry %uL, and "
                                    "entry %uL is known here", stream,
                                    head->seq, feed->cursor.seq);
    }
}


/*
 * An entry is bad, or adopts what it follows.  After a bad one only an adopt
 * counts, by a signer who knows what is applied here.
 */

void
ngx_http_paylock_trust_stopped(ngx_http_paylock_feed_t *feed)
{
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    ngx_http_paylock_trust_scan_end(feed);

    /* entries may have been followed for long: the attempt begins here */

    trust->began = ngx_current_msec;

    if (trust->adopted) {
        ngx_http_paylock_head_ask(feed, ngx_http_paylock_trust_begin);
        return;
    }

    (void) ngx_cpystrn((u_char *) trust->why, (u_char *) trust->v.fault.text,
                       sizeof(trust->why));

    ngx_log_debug1(NGX_LOG_DEBUG_EVENT, feed->log, 0,
                   "paylock feed: %s: look for an adopt", trust->why);

    /* for whoever signs what follows, the entry is good: see on the way back */

    if (trust->unfit) {
        ngx_http_paylock_head_ask(feed, ngx_http_paylock_trust_begin);
        return;
    }

    ngx_memcpy(trust->before, trust->v.covered_hash, sizeof(trust->before));
    (void) ngx_sprintf((u_char *) trust->after, "%uL-0%Z", feed->cursor.seq);

    ngx_http_paylock_trust_seek(feed);
}


static void
ngx_http_paylock_trust_seek(ngx_http_paylock_feed_t *feed)
{
    u_char  batch[NGX_INT64_LEN + 1];

    (void) ngx_sprintf(batch, "%ui%Z", feed->batch);
    ngx_memcpy(feed->trust->asked, feed->trust->after,
               sizeof(feed->trust->asked));

    ngx_http_paylock_redis_add(&feed->conn, "XREAD", "COUNT", batch, "STREAMS",
                               feed->pmcf->redis.audit, feed->trust->after,
                               NULL);

    ngx_http_paylock_redis_send(&feed->conn, feed->pmcf->redis.timeout,
                                ngx_http_paylock_trust_sought);
}


static void
ngx_http_paylock_trust_sought(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t  *feed = data;

    if (reply->type == REDIS_REPLY_NIL) {
        ngx_http_paylock_head_ask(feed, ngx_http_paylock_trust_begin);
        return;
    }

    if (ngx_http_paylock_feed_stream(reply) == NULL) {
        ngx_http_paylock_feed_unfit(feed, "unexpected reply to XREAD");
        return;
    }

    feed->done = 0;
    feed->pmcf->node->answered = ngx_current_msec;

    ngx_http_paylock_trust_look(feed, reply);
}


static void
ngx_http_paylock_trust_look(void *data, redisReply *reply)
{
    size_t                    end;
    ngx_int_t                 rc;
    redisReply               *entries;
    ngx_http_paylock_feed_t  *feed = data;

    entries = ngx_http_paylock_feed_stream(reply);
    end = ngx_min(feed->done + NGX_HTTP_PAYLOCK_ENTRIES, entries->elements);

    for (rc = NGX_OK; rc == NGX_OK && feed->done < end; feed->done++) {
        rc = ngx_http_paylock_trust_adopts(feed, entries->element[feed->done]);
    }

    if (rc == NGX_ERROR) {
        ngx_http_paylock_feed_unfit(feed, "unexpected reply to XREAD");

    } else if (rc == NGX_DONE) {
        feed->trust->why[0] = '\0';
        ngx_http_paylock_head_ask(feed, ngx_http_paylock_trust_begin);

    } else if (end < entries->elements) {
        ngx_http_paylock_redis_again(&feed->conn, ngx_http_paylock_trust_look);

    } else if (ngx_strcmp(feed->trust->after, feed->trust->asked) == 0) {
        ngx_http_paylock_feed_unfit(feed, "XREAD does not go on");

    } else {
        ngx_http_paylock_trust_seek(feed);
    }
}


/* NGX_DONE: this entry adopts. */

static ngx_int_t
ngx_http_paylock_trust_adopts(ngx_http_paylock_feed_t *feed,
    const redisReply *reply)
{
    paylock_entry_t            entry;
    const redisReply          *id;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    id = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2
         ? reply->element[0] : NULL;

    if (id == NULL || id->type != REDIS_REPLY_STRING
        || (size_t) id->len >= sizeof(trust->after))
    {
        return NGX_ERROR;
    }

    ngx_memcpy(trust->after, id->str, id->len + 1);

    if (paylock_entry_read(reply, &entry) != NULL) {
        return NGX_OK;
    }

    if (paylock_verify_adopt(&trust->v, &entry, trust->before) == 0) {
        return NGX_DONE;
    }

    ngx_memcpy(trust->before, entry.field[PAYLOCK_AUDIT_HASH].data,
               PAYLOCK_HASH_LEN);

    return NGX_OK;
}
