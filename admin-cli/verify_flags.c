
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Are the records what the trail says?  They are read while others change
 * them.  A record that differs is only called wrong if the trail, read on
 * after it, tells of no change of that host meanwhile; else it is looked at
 * again.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "verify.h"


/* as many of the largest records as fit into one reply */

#define FLAGS_COUNT   "100"
#define FLAGS_SPARE   100000           /* that may come while we read */
#define FLAGS_ROUNDS  50


typedef struct {
    verify_t  *check;
    uint64_t   seq;                    /* of the trail when they were read */
    uint64_t   unsure;
    int        status;
} flags_t;


static int flags_length(verify_t *c);
static int flags_scan(verify_t *c);
static int flags_page(verify_t *c, const redisReply *reply, uint64_t *seen);
static void flags_unseen(fold_host_t *h, void *data);
static void flags_count(fold_host_t *h, void *data);
static void flags_again(fold_host_t *h, void *data);


int
verify_flags(verify_t *c)
{
    int              rounds;
    flags_t          f;
    paylock_fault_t  fault;

    c->compared = 1;

    f.check = c;
    f.seq = c->trail.seq;
    f.status = STATUS_DONE;

    if (flags_length(c) != STATUS_DONE || flags_scan(c) != STATUS_DONE) {
        return c->admin->problem.status;
    }

    fold_each(c->fold, flags_unseen, &f);

    for (rounds = 0; rounds < FLAGS_ROUNDS; rounds++) {

        if (verify_more(c) != STATUS_DONE) {
            return c->admin->problem.status;
        }

        if (c->n_faults) {
            return STATUS_DONE;
        }

        f.unsure = 0;
        fold_each(c->fold, flags_count, &f);

        if (f.unsure == 0) {
            break;
        }

        f.seq = c->trail.seq;
        fold_each(c->fold, flags_again, &f);

        if (f.status != STATUS_DONE) {
            return f.status;
        }
    }

    if (c->differ == 0) {
        return STATUS_DONE;
    }

    fault.kind = PAYLOCK_FAULT_FLAGS;
    fault.seq = 0;
    fault.adopted = 0;
    (void) snprintf(fault.text, sizeof(fault.text), c->differ == 1
                    ? "the record of %" PRIu64 " host in Redis is not what "
                      "the trail says: %.260s"
                    : "the records of %" PRIu64 " hosts in Redis are not what "
                      "the trail says, that of %.260s among them", c->differ,
                    c->host[0] ? c->host[0] : "");

    return verify_fault(c, &fault);
}


static int
flags_length(verify_t *c)
{
    admin_t     *a;
    redisReply  *reply;

    a = c->admin;

    if (link_command(a->link, "HLEN", a->settings.locks, NULL) != 0
        || link_send(a->link) != 0
        || (reply = link_expect(a->link, REDIS_REPLY_INTEGER)) == NULL)
    {
        return a->problem.status;
    }

    c->records = reply->integer > 0 ? (uint64_t) reply->integer : 0;
    freeReplyObject(reply);

    return STATUS_DONE;
}


/* A cursor comes back to 0 when all was seen; one that does not is a lie. */

static int
flags_scan(verify_t *c)
{
    int          status;
    char         cursor[24];
    admin_t     *a;
    uint64_t     seen;
    redisReply  *reply;

    a = c->admin;
    strcpy(cursor, "0");
    seen = 0;

    do {
        if (link_command(a->link, "HSCAN", a->settings.locks, cursor, "COUNT",
                         FLAGS_COUNT, NULL) != 0
            || link_send(a->link) != 0
            || (reply = link_expect(a->link, REDIS_REPLY_ARRAY)) == NULL)
        {
            return a->problem.status;
        }

        status = flags_page(c, reply, &seen);

        if (status == STATUS_DONE) {
            (void) snprintf(cursor, sizeof(cursor), "%s",
                            reply->element[0]->str);
        }

        freeReplyObject(reply);

        if (status == STATUS_DONE && seen / 4 > c->records + FLAGS_SPARE) {
            return problem_set(&a->problem, STATUS_FAILED, "protocol",
                               "is this the address of a Redis?",
                               "Redis at %s comes to no end with %" PRIu64
                               " records", a->settings.where, c->records);
        }

    } while (status == STATUS_DONE && strcmp(cursor, "0") != 0);

    return status;
}


static int
flags_page(verify_t *c, const redisReply *reply, uint64_t *seen)
{
    size_t             i;
    const redisReply  *pairs, *name, *value;

    pairs = reply->elements == 2 ? reply->element[1] : NULL;

    if (pairs == NULL || reply->element[0]->type != REDIS_REPLY_STRING
        || pairs->type != REDIS_REPLY_ARRAY || pairs->elements % 2)
    {
        goto strange;
    }

    *seen += 1;

    for (i = 0; i < pairs->elements; i += 2) {
        name = pairs->element[i];
        value = pairs->element[i + 1];

        if (name->type != REDIS_REPLY_STRING
            || value->type != REDIS_REPLY_STRING)
        {
            goto strange;
        }

        if (fold_compare(c->fold, name->str, name->len, value->str, value->len)
            == NULL)
        {
            return admin_memory(c->admin);
        }

        *seen += 1;
    }

    return STATUS_DONE;

strange:

    return problem_set(&c->admin->problem, STATUS_FAILED, "protocol",
                       "is this the address of a Redis?",
                       "Redis at %s gave an answer to HSCAN of an unexpected "
                       "form", c->admin->settings.where);
}


/* A record that is in Redis all the while is in the scan. */

static void
flags_unseen(fold_host_t *h, void *data)
{
    (void) data;

    if (!h->seen) {
        h->differs = h->there;
    }
}


static void
flags_count(fold_host_t *h, void *data)
{
    size_t     i;
    flags_t   *f;
    verify_t  *c;

    f = data;
    c = f->check;

    if (!h->differs) {
        return;
    }

    if (h->seq > f->seq) {
        f->unsure++;
        return;
    }

    h->differs = 0;
    c->differ++;

    for (i = 0; i < VERIFY_HOSTS; i++) {
        if (c->host[i] == NULL) {
            c->host[i] = text_safe(h->name, h->len);
            return;
        }
    }
}


/* Looks again at a host that was changed while we looked. */

static void
flags_again(fold_host_t *h, void *data)
{
    flags_t      *f;
    admin_t      *a;
    size_t        len[3];
    redisReply   *reply;
    const char   *arg[3];

    f = data;
    a = f->check->admin;

    if (!h->differs || f->status != STATUS_DONE) {
        return;
    }

    arg[0] = "HGET";
    arg[1] = a->settings.locks;
    arg[2] = h->name;
    len[0] = strlen(arg[0]);
    len[1] = strlen(arg[1]);
    len[2] = h->len;

    if (link_queue(a->link, 3, arg, len) != 0 || link_send(a->link) != 0
        || (reply = link_expect(a->link, REDIS_REPLY_STRING)) == NULL)
    {
        f->status = a->problem.status;
        return;
    }

    fold_judge(h, reply->type == REDIS_REPLY_STRING ? reply->str : NULL,
               reply->len);
    freeReplyObject(reply);
}
