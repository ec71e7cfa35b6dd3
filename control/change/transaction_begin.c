
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The first half of a transaction: what is there now.
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change/change_batch.h"
#include "paylock_host.h"
#include "trail/head.h"
#include "trail/trust.h"


static const char *flip_bare(const flip_t *f);
static int flip_queue_record(flips_t *fs, flip_t *f);
static int flip_take_record(flips_t *fs, flip_t *f, uint32_t now);
static int flip_copy(flips_t *fs, flip_t *f, const redisReply *value);
static void flip_guard(flip_t *f, const redisReply *bare);


int
flip_watch(flips_t *fs, int *committed)
{
    char       hash[PAYLOCK_HASH_LEN + 1];
    admin_t   *a;
    stream_t   stream;

    a = fs->admin;
    *committed = 0;

    if (head_read(a, &stream) != STATUS_DONE
        || head_judge(a, &fs->known, &stream) != STATUS_DONE
        || trust_follow(a, &stream) != STATUS_DONE
        || trust_counts(a) != STATUS_DONE)
    {
        return a->problem.status;
    }

    fs->head = stream.head;
    fs->known = stream.head;

    if (fs->unsure.seq) {

        if (head_hash(a, fs->unsure.seq, hash) != STATUS_DONE) {
            return a->problem.status;
        }

        *committed = strcmp(hash, fs->unsure.hash) == 0;
    }

    return STATUS_DONE;
}


int
flip_read(flips_t *fs, flip_t *f, size_t n)
{
    size_t     i;
    admin_t   *a;
    uint32_t   now;

    a = fs->admin;
    now = (uint32_t) time(NULL);

    for (i = 0; i < n; i++) {
        flip_forget(&f[i]);

        if (flip_queue_record(fs, &f[i]) != STATUS_DONE) {
            return a->problem.status;
        }
    }

    if (link_command(a->link, "MULTI", NULL) != 0
        || link_send(a->link) != 0)
    {
        return a->problem.status;
    }

    for (i = 0; i < n; i++) {
        if (flip_take_record(fs, &f[i], now) != STATUS_DONE) {
            return a->problem.status;
        }
    }

    return link_done(a->link) == 0 ? STATUS_DONE : a->problem.status;
}


/* The name without "www.", whose record would hold; NULL: none. */

static const char *
flip_bare(const flip_t *f)
{
    return strncmp(f->host, "www.", 4) == 0
           && paylock_host_check(f->host + 4, strlen(f->host + 4)) == NULL
           ? f->host + 4 : NULL;
}


static int
flip_queue_record(flips_t *fs, flip_t *f)
{
    admin_t  *a;

    a = fs->admin;

    if (link_command(a->link, "HMGET", a->settings.locks, f->host,
                     flip_bare(f), NULL) != 0)
    {
        return a->problem.status;
    }

    return fs->kind->inherits ? holder_queue(a, f->host, &f->holder)
                              : STATUS_DONE;
}


static int
flip_take_record(flips_t *fs, flip_t *f, uint32_t now)
{
    int           status;
    size_t        n;
    redisReply   *reply, **value;

    reply = link_expect(fs->admin->link, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return fs->admin->problem.status;
    }

    value = reply->element;
    n = flip_bare(f) ? 2 : 1;

    if (reply->elements != n) {
        status = problem_set(&fs->admin->problem, STATUS_FAILED, "protocol",
                             NULL, "Redis answered HMGET with a wrong number "
                             "of values");

    } else {
        status = value[0]->type == REDIS_REPLY_STRING
                 ? flip_copy(fs, f, value[0]) : STATUS_DONE;
        flip_guard(f, n == 2 ? value[1] : NULL);
    }

    freeReplyObject(reply);

    return status == STATUS_DONE && fs->kind->inherits
           ? holder_take(fs->admin, &f->holder, now) : status;
}


static int
flip_copy(flips_t *fs, flip_t *f, const redisReply *value)
{
    f->before = malloc(value->len + 1);

    if (f->before == NULL) {
        return admin_memory(fs->admin);
    }

    memcpy(f->before, value->str, value->len);
    f->before[value->len] = '\0';
    f->before_len = value->len;

    f->record = paylock_record_load(f->before, f->before_len, &f->junk);

    return STATUS_DONE;
}


/* What is protected is so by its "www." name, too. */

static void
flip_guard(flip_t *f, const redisReply *bare)
{
    json_t      *record;
    const char  *why;

    if (paylock_record_protected(f->record)) {
        f->guard = f->host;
        return;
    }

    if (bare == NULL || bare->type != REDIS_REPLY_STRING) {
        return;
    }

    record = paylock_record_load(bare->str, bare->len, &why);

    if (paylock_record_protected(record)) {
        f->guard = f->host + 4;
    }

    json_decref(record);
}
