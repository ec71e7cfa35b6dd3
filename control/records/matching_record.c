
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "name.h"
#include "paylock_host.h"
#include "paylock_record.h"
#include "records/effective_state.h"
#include "records/matching_record.h"


static json_t *holder_load(admin_t *a, const char *name,
    const redisReply *value);
static uint32_t holder_pass_after(const redisReply *reply);
static int holder_beside(const holder_t *h, size_t i);


int
holder_queue(admin_t *a, const char *host, holder_t *h)
{
    int           rc;
    const char  **arg;

    memset(h, 0, sizeof(holder_t));

    if (names_holders(a, host, &h->name, &h->n) != STATUS_DONE) {
        return a->problem.status;
    }

    arg = malloc((2 + h->n) * sizeof(char *));

    if (arg == NULL) {
        return admin_memory(a);
    }

    arg[0] = "HMGET";
    arg[1] = a->settings.locks;
    memcpy(arg + 2, h->name, h->n * sizeof(char *));

    rc = link_queue(a->link, 2 + h->n, arg, NULL);

    free(arg);

    return rc == 0 ? STATUS_DONE : a->problem.status;
}


int
holder_take(admin_t *a, holder_t *h, uint32_t now)
{
    size_t       i;
    json_t      *record;
    redisReply  *reply;

    reply = link_expect(a->link, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return a->problem.status;
    }

    if (reply->elements != h->n) {
        freeReplyObject(reply);
        return problem_set(&a->problem, STATUS_FAILED, "protocol", NULL,
                           "Redis answered HMGET with a wrong number of "
                           "values");
    }

    h->pass_after = holder_pass_after(reply);

    for (i = 0; i < h->n; i++) {

        if (h->record && !holder_beside(h, i)) {
            break;
        }

        record = holder_load(a, h->name[i], reply->element[i]);

        if (record == NULL) {
            continue;
        }

        if (h->record && !state_stricter(record, h->record, now)) {
            h->other = record;
            break;
        }

        h->other = h->record;
        h->record = record;
        h->holder = h->name[i];
    }

    freeReplyObject(reply);

    return STATUS_DONE;
}


static uint32_t
holder_pass_after(const redisReply *reply)
{
    size_t             i;
    uint32_t           after;
    paylock_record_t   rec;
    const redisReply  *r;

    after = 0;

    for (i = 0; i < reply->elements; i++) {
        r = reply->element[i];

        if (r->type == REDIS_REPLY_STRING
            && paylock_record_parse(r->str, r->len, &rec) == NULL
            && paylock_record_has(&rec, PAYLOCK_PASS_AFTER)
            && rec.time[PAYLOCK_PASS_AFTER] > after)
        {
            after = rec.time[PAYLOCK_PASS_AFTER];
        }
    }

    return after;
}


void
holder_free(holder_t *h)
{
    json_decref(h->record);
    json_decref(h->other);
    names_free(h->name, h->n);
}


static json_t *
holder_load(admin_t *a, const char *name, const redisReply *value)
{
    json_t      *record;
    const char  *why;

    if (value->type != REDIS_REPLY_STRING) {
        return NULL;
    }

    record = paylock_record_load(value->str, value->len, &why);

    if (record == NULL) {
        admin_warn(a, "record", name, "lock, unlock or reset it",
                   "the value of \"%s\" in Redis, which nginx passes over, "
                   "is no record: it %s", name, why);

    } else if (!holder_says(record)) {
        json_decref(record);
        record = NULL;
    }

    return record;
}


int
holder_says(const json_t *record)
{
    paylock_record_t  rec;

    return paylock_record_from_json(record, &rec) == NULL
           && paylock_record_says(&rec);
}


/* Does the name i stand beside the one that holds, as "*.x" beside ".x"? */

static int
holder_beside(const holder_t *h, size_t i)
{
    return h->name[i - 1] == h->holder && h->name[i][0] == '*'
           && h->holder[0] == '.';
}
