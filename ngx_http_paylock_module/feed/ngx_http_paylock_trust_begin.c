
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Begins anew: with the head, if a signer who counts has signed it, if it
 * follows what was verified here before, or a signer gave that up, and if all
 * that the signers file names is in its place.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_trust.h"


static ngx_int_t ngx_http_paylock_trust_head(ngx_http_paylock_feed_t *feed,
    const redisReply *reply);
static const paylock_pin_t *ngx_http_paylock_trust_pin(
    const paylock_signers_t *s, size_t n);
static void ngx_http_paylock_trust_pinned(void *data, redisReply *reply);


void
ngx_http_paylock_trust_begin(void *data, redisReply *reply)
{
    ngx_http_paylock_feed_t     *feed = data;
    ngx_http_paylock_trust_t    *trust;
    ngx_http_paylock_node_sh_t  *node;

    node = feed->pmcf->node;
    trust = feed->trust;

    if (ngx_http_paylock_head_read(feed, reply, &trust->head, &feed->fields)
        != NGX_OK)
    {
        return;
    }

    if (feed->head_invalid) {
        ngx_http_paylock_trust_refuse(feed, feed->why);
        return;
    }

    if (trust->head.seq == 0) {

        if (node->synced || feed->fields) {
            ngx_http_paylock_trust_hold(feed, "there is no \"%s\" in Redis",
                                        feed->pmcf->redis.audit);
            return;
        }

        ngx_http_paylock_trust_hold_empty(feed);
        return;
    }

    if (feed->fields > (int64_t) feed->pmcf->table.sh->capacity) {
        (void) ngx_http_paylock_feed_full(feed, feed->fields);
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return;
    }

    if (ngx_http_paylock_trust_head(feed, reply->element[0]) != NGX_OK) {
        ngx_http_paylock_trust_refuse(feed, trust->v.fault.text);
        return;
    }

    trust->covered = trust->head;
    trust->fields = feed->fields;
    trust->pin = 0;
    trust->extends = 0;

    if (node->cursor.seq == 0) {

        if (trust->why[0]) {
            ngx_http_paylock_trust_refuse(feed, NULL);
            return;
        }

        ngx_http_paylock_trust_pins(feed);
        return;
    }

    trust->to_pin = 0;
    trust->skipping = 0;
    ngx_http_paylock_trust_back(feed, &node->cursor);
}


static ngx_int_t
ngx_http_paylock_trust_head(ngx_http_paylock_feed_t *feed,
    const redisReply *reply)
{
    char                       chain[PAYLOCK_CHAIN_LEN + 1];
    const char                *why;
    paylock_entry_t            entry;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    (void) ngx_cpystrn((u_char *) chain, (u_char *) trust->head.chain,
                       sizeof(chain));

    paylock_verify_free(&trust->v);
    paylock_verify_begin(&trust->v, chain, feed->pmcf->signers.realm,
                         &feed->pmcf->signers.list);

    why = paylock_entry_read(reply->element[0], &entry);

    if (why) {
        (void) paylock_verify_unreadable(&trust->v, why);
        return NGX_DECLINED;
    }

    return paylock_verify_head(&trust->v, &entry) == 0
           ? ngx_http_paylock_trust_vouch_head(feed, &entry) : NGX_DECLINED;
}


void
ngx_http_paylock_trust_refuse(ngx_http_paylock_feed_t *feed, const char *why)
{
    ngx_http_paylock_trust_hold(feed, "%s", feed->trust->why[0]
                                            ? feed->trust->why : why);
}


/* The pins of the signers file, one after the other; NULL: the last was. */

static const paylock_pin_t *
ngx_http_paylock_trust_pin(const paylock_signers_t *s, size_t n)
{
    return n < s->n ? &s->signer[n].until
                    : n - s->n < s->n_pins ? &s->pin[n - s->n] : NULL;
}


void
ngx_http_paylock_trust_pins(ngx_http_paylock_feed_t *feed)
{
    u_char                     from[NGX_INT64_LEN + sizeof("-0")];
    const paylock_pin_t       *pin;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    do {
        pin = ngx_http_paylock_trust_pin(&feed->pmcf->signers.list,
                                         trust->pin++);

        if (pin == NULL) {

            /*
             * what signers signed, entry by entry, is not given up for the
             * root of the last one, who perhaps may not do everything
             */

            if (trust->extends && feed->pmcf->node->root[0]) {
                ngx_http_paylock_trust_go_on(feed);
                return;
            }

            ngx_http_paylock_trust_vouch(feed);
            return;
        }

        /* that of the head is compared already */

    } while (pin->seq == 0 || pin->seq == trust->head.seq);

    if (pin->seq > trust->head.seq) {
        ngx_http_paylock_trust_hold(feed, "\"%s\" ends with entry %uL, but "
                                    "line %ud of the signers file names entry "
                                    "%uL", feed->pmcf->redis.audit,
                                    trust->head.seq, pin->line, pin->seq);
        return;
    }

    (void) ngx_sprintf(from, "%uL-0%Z", pin->seq);

    ngx_http_paylock_redis_add(&feed->conn, "XRANGE", feed->pmcf->redis.audit,
                               from, "+", "COUNT", "1", NULL);

    ngx_http_paylock_redis_send(&feed->conn, feed->pmcf->redis.timeout,
                                ngx_http_paylock_trust_pinned);
}


/*
 * It may stand there, and the head go on from another one: the way from the
 * head must lead to it.  If it is not there, an adopt on that way must have
 * given it up.
 */

static void
ngx_http_paylock_trust_pinned(void *data, redisReply *reply)
{
    paylock_entry_t             entry;
    const paylock_pin_t        *pin;
    ngx_http_paylock_feed_t    *feed = data;
    ngx_http_paylock_cursor_t   target;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements > 1) {
        ngx_http_paylock_feed_unfit(feed, "unexpected reply to XRANGE");
        return;
    }

    pin = ngx_http_paylock_trust_pin(&feed->pmcf->signers.list,
                                     feed->trust->pin - 1);

    feed->trust->to_pin = 1;
    feed->trust->skipping = (reply->elements
                             && paylock_entry_read(reply->element[0], &entry)
                                == NULL
                             && entry.seq == pin->seq
                             && ngx_memcmp(
                                    entry.field[PAYLOCK_AUDIT_HASH].data,
                                    pin->hash, PAYLOCK_HASH_LEN)
                                == 0);

    target = feed->trust->head;
    target.seq = pin->seq;
    ngx_memcpy(target.hash, pin->hash, PAYLOCK_HASH_LEN);

    ngx_http_paylock_trust_back(feed, &target);
}


void
ngx_http_paylock_trust_pin_walked(ngx_http_paylock_feed_t *feed,
    ngx_uint_t good)
{
    const paylock_pin_t  *pin;

    if (good) {
        ngx_http_paylock_trust_pins(feed);
        return;
    }

    pin = ngx_http_paylock_trust_pin(&feed->pmcf->signers.list,
                                     feed->trust->pin - 1);

    ngx_http_paylock_trust_hold(feed, "entry %uL of \"%s\" is not the one "
                                "that line %ud of the signers file names",
                                pin->seq, feed->pmcf->redis.audit, pin->line);
}


void
ngx_http_paylock_trust_scan(ngx_http_paylock_feed_t *feed)
{
    feed->cursor = feed->trust->head;
    feed->fields = feed->trust->fields;

    feed->first = !feed->pmcf->node->synced;
    feed->extends_known = 1;
    feed->missed_entries = 1;
    feed->catching_up = 0;

    if (ngx_http_paylock_trust_scan_begin(feed) != NGX_OK) {
        ngx_http_paylock_redis_fail(&feed->conn, feed->why);
        return;
    }

    ngx_http_paylock_scan_begin(feed);
}
