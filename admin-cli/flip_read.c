
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The first half of a transaction: what is there now.
 */


#include <stdlib.h>
#include <string.h>

#include "flip.h"
#include "head.h"
#include "name.h"


static int flip_queue_hosts(flips_t *fs, const flip_t *f, size_t n);
static int flip_take_hosts(flips_t *fs, flip_t *f, size_t n);
static int flip_take_record(flips_t *fs, flip_t *f, const redisReply *value,
    const redisReply *fallback);


int
flip_read(flips_t *fs, flip_t *f, size_t n, int *committed)
{
    int        status;
    char       hash[PAYLOCK_HASH_LEN + 1];
    admin_t   *a;
    uint64_t   seq;

    a = fs->admin;
    seq = fs->unsure.seq ? fs->unsure.seq : fs->known.seq;

    if (head_queue(a, seq) != STATUS_DONE
        || flip_queue_hosts(fs, f, n) != STATUS_DONE
        || link_command(a->link, "MULTI", NULL) != 0
        || link_send(a->link) != 0)
    {
        return a->problem.status;
    }

    status = head_take(a, seq, &fs->head, hash);

    if (status != STATUS_DONE) {
        return status;
    }

    *committed = fs->unsure.seq && strcmp(hash, fs->unsure.hash) == 0;

    status = head_judge(a, &fs->known, &fs->head,
                        fs->unsure.seq ? "" : hash);

    if (status != STATUS_DONE) {
        return status;
    }

    if (*committed) {
        flip_drop(a->link, 2);
        return STATUS_DONE;
    }

    status = flip_take_hosts(fs, f, n);

    if (status != STATUS_DONE) {
        return status;
    }

    return link_done(a->link) == 0 ? STATUS_DONE : a->problem.status;
}


static int
flip_queue_hosts(flips_t *fs, const flip_t *f, size_t n)
{
    int           rc;
    size_t        i, k;
    const char  **arg, *fallback;

    arg = malloc((2 + 2 * n) * sizeof(char *));

    if (arg == NULL) {
        return admin_memory(fs->admin);
    }

    arg[0] = "HMGET";
    arg[1] = fs->admin->settings.locks;

    for (k = 2, i = 0; i < n; i++) {
        fallback = name_fallback(f[i].host);
        arg[k++] = f[i].host;
        arg[k++] = fallback ? fallback : f[i].host;
    }

    rc = link_queue(fs->admin->link, k, arg, NULL);

    free(arg);

    return rc == 0 ? STATUS_DONE : fs->admin->problem.status;
}


static int
flip_take_hosts(flips_t *fs, flip_t *f, size_t n)
{
    int          status;
    size_t       i;
    redisReply  *reply;

    reply = link_expect(fs->admin->link, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return fs->admin->problem.status;
    }

    if (reply->elements != 2 * n) {
        freeReplyObject(reply);
        return problem_set(&fs->admin->problem, STATUS_FAILED, "protocol",
                           NULL, "Redis answered HMGET with a wrong number "
                           "of values");
    }

    status = STATUS_DONE;

    for (i = 0; i < n && status == STATUS_DONE; i++) {
        status = flip_take_record(fs, &f[i], reply->element[2 * i],
                                  reply->element[2 * i + 1]);
    }

    freeReplyObject(reply);

    return status;
}


static int
flip_take_record(flips_t *fs, flip_t *f, const redisReply *value,
    const redisReply *fallback)
{
    const char  *why;

    flip_forget(f);

    if (fallback->type == REDIS_REPLY_STRING && name_fallback(f->host)) {
        f->fallback = paylock_record_load(fallback->str, fallback->len, &why);
    }

    if (value->type != REDIS_REPLY_STRING) {
        return STATUS_DONE;
    }

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
