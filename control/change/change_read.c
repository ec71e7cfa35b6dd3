
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The first half of a change: reads the present state.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change/change_batch.h"
#include "paylock_host.h"
#include "trail/head.h"
#include "trail/root.h"
#include "trail/skip.h"
#include "trail/trust.h"


static const char *read_bare(const change_t *ch);
static int read_queue(change_batch_t *b, change_t *ch);
static int read_www(change_batch_t *b, change_t *ch);
static int read_take(change_batch_t *b, change_t *ch, uint32_t now);
static void read_guard(change_t *ch, const redisReply *bare);


int
change_watch(change_batch_t *b, size_t n, int *committed)
{
    char        hash[PAYLOCK_HASH_LEN + 1];
    control_t  *ctl;
    stream_t    stream;

    ctl = b->ctl;
    *committed = 0;

    if (head_queue(ctl) != STATUS_DONE
        || root_queue(ctl) != STATUS_DONE
        || idempotency_queue(b) != STATUS_DONE
        || redis_send(ctl->redis) != 0
        || head_take(ctl, &stream) != STATUS_DONE
        || root_take(ctl) != STATUS_DONE
        || idempotency_take(b) != STATUS_DONE
        || head_judge(ctl, &b->known, &stream) != STATUS_DONE
        || trust_follow(ctl, &stream) != STATUS_DONE
        || trust_root(ctl, &stream) != STATUS_DONE
        || trust_counts(ctl, b->kind->action) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    trust_head(ctl, &stream.head);

    if (root_begin(ctl, &stream.head) != STATUS_DONE
        || skip_begin(ctl, &stream.head, stream.head.seq + 1, n) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    b->head = stream.head;
    b->known = stream.head;

    if (b->unsure.seq) {

        if (head_hash(ctl, b->unsure.seq, hash) != STATUS_DONE) {
            return ctl->error.status;
        }

        *committed = strcmp(hash, b->unsure.hash) == 0;
    }

    return STATUS_DONE;
}


int
change_read(change_batch_t *b, change_t *ch, size_t n)
{
    size_t      i;
    control_t  *ctl;
    uint32_t    now;

    ctl = b->ctl;
    now = (uint32_t) time(NULL);

    for (i = 0; i < n; i++) {
        change_free(&ch[i]);

        if (read_queue(b, &ch[i]) != STATUS_DONE) {
            return ctl->error.status;
        }
    }

    /* with signers what is there is compared before a change is begun */

    if (ctl->trust.signers ? redis_send(ctl->redis) != 0
                           : transaction_begin(ctl) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    for (i = 0; i < n; i++) {
        if (read_take(b, &ch[i], now) != STATUS_DONE) {
            return ctl->error.status;
        }
    }

    if (ctl->trust.signers
        && (change_compare(b, ch, n) != STATUS_DONE
            || transaction_begin(ctl) != STATUS_DONE))
    {
        return ctl->error.status;
    }

    return redis_expect_ok(ctl->redis) == 0 ? STATUS_DONE : ctl->error.status;
}


int
change_before(change_batch_t *b, change_t *ch, const char *value, size_t len)
{
    free(ch->before);
    json_decref(ch->record);

    ch->record = NULL;
    ch->junk = NULL;
    ch->before = NULL;
    ch->before_len = len;
    ch->prior = 0;

    if (value == NULL) {
        return STATUS_DONE;
    }

    ch->before = malloc(len + 1);

    if (ch->before == NULL) {
        return control_no_memory(b->ctl);
    }

    memcpy(ch->before, value, len);
    ch->before[len] = '\0';

    ch->record = paylock_record_load(ch->before, len, &ch->junk);
    ch->prior = paylock_record_entry(ch->record);

    return STATUS_DONE;
}


/* The host without "www.", whose record would hold for it; NULL: none. */

static const char *
read_bare(const change_t *ch)
{
    return strncmp(ch->host, "www.", 4) == 0
           && paylock_host_check(ch->host + 4, strlen(ch->host + 4)) == NULL
           ? ch->host + 4 : NULL;
}


static int
read_queue(change_batch_t *b, change_t *ch)
{
    control_t  *ctl;

    ctl = b->ctl;

    if (redis_queue(ctl->redis, "HMGET", ctl->settings.locks, ch->host,
                    read_bare(ch), NULL) != 0)
    {
        return ctl->error.status;
    }

    if (!b->kind->inherits) {
        return STATUS_DONE;
    }

    return matching_record_queue(ctl, ch->host, &ch->match) == STATUS_DONE
           ? read_www(b, ch) : ctl->error.status;
}


/* A record of the host would hold for its "www." name, too. */

static int
read_www(change_batch_t *b, change_t *ch)
{
    char  www[PAYLOCK_HOST_MAX + sizeof("www.")];

    (void) snprintf(www, sizeof(www), "www.%s", ch->host);

    return paylock_host_check(www, strlen(www)) != NULL
           ? STATUS_DONE : matching_record_queue(b->ctl, www, &ch->www);
}


static int
read_take(change_batch_t *b, change_t *ch, uint32_t now)
{
    int           status;
    size_t        n;
    redisReply   *reply, **value;

    reply = redis_expect(b->ctl->redis, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return b->ctl->error.status;
    }

    value = reply->element;
    n = read_bare(ch) ? 2 : 1;

    if (reply->elements != n) {
        status = error_set(&b->ctl->error, STATUS_FAILED, "protocol",
                           NULL, "Redis answered HMGET with a wrong number "
                           "of values");

    } else {
        status = value[0]->type == REDIS_REPLY_STRING
                 ? change_before(b, ch, value[0]->str, value[0]->len)
                 : STATUS_DONE;
        read_guard(ch, n == 2 ? value[1] : NULL);
    }

    freeReplyObject(reply);

    if (status == STATUS_DONE && b->kind->inherits) {
        status = matching_record_take(b->ctl, &ch->match, now);
    }

    return status == STATUS_DONE && ch->www.n
           ? matching_record_take(b->ctl, &ch->www, now) : status;
}


/* Protection of a host includes its "www." name. */

static void
read_guard(change_t *ch, const redisReply *bare)
{
    json_t      *record;
    const char  *why;

    if (paylock_record_protected(ch->record)) {
        ch->guard = ch->host;
        return;
    }

    if (bare == NULL || bare->type != REDIS_REPLY_STRING) {
        return;
    }

    record = paylock_record_load(bare->str, bare->len, &why);

    if (paylock_record_protected(record)) {
        ch->guard = ch->host + 4;
    }

    json_decref(record);
}
