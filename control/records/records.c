
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <string.h>

#include "records/records.h"


/* so many of the largest records fit into one reply */

#define RECORDS_COUNT  "100"

/* records beyond 4 * HLEN, as the hash may grow meanwhile */
#define RECORDS_SPARE  65536


static int records_page(control_t *ctl, const redisReply *reply, uint64_t *seen,
    records_each_pt each, void *data);


/* Limits the records: a hostile server's HSCAN may never end. */

int
records_scan(control_t *ctl, uint64_t *n, records_each_pt each, void *data)
{
    int          status;
    char         cursor[24];
    uint64_t     seen;
    redisReply  *reply;

    if (redis_number(ctl->redis, "HLEN", ctl->settings.locks, n) != 0) {
        return ctl->error.status;
    }

    strcpy(cursor, "0");
    seen = 0;

    do {
        if (*n > UINT32_MAX || seen > 4 * *n + RECORDS_SPARE) {
            return error_set(&ctl->error, STATUS_FAILED, "protocol",
                             "is this the address of a Redis?",
                             "Redis at %s %s %" PRIu64 " records",
                             ctl->settings.where, *n > UINT32_MAX
                             ? "counts more than there can be:"
                             : "comes to no end with", *n);
        }

        if (redis_queue(ctl->redis, "HSCAN", ctl->settings.locks, cursor,
                        "COUNT", RECORDS_COUNT, NULL) != 0
            || redis_send(ctl->redis) != 0
            || (reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY)) == NULL)
        {
            return ctl->error.status;
        }

        status = records_page(ctl, reply, &seen, each, data);

        if (status == STATUS_DONE) {
            (void) snprintf(cursor, sizeof(cursor), "%s",
                            reply->element[0]->str);
        }

        freeReplyObject(reply);

    } while (status == STATUS_DONE && strcmp(cursor, "0") != 0);

    return status;
}


static int
records_page(control_t *ctl, const redisReply *reply, uint64_t *seen,
    records_each_pt each, void *data)
{
    int                status;
    size_t             i;
    const redisReply  *pairs, *name, *value;

    status = STATUS_DONE;
    pairs = reply->elements == 2 ? reply->element[1] : NULL;

    if (pairs == NULL || reply->element[0]->type != REDIS_REPLY_STRING
        || pairs->type != REDIS_REPLY_ARRAY || pairs->elements % 2)
    {
        goto strange;
    }

    *seen += 1 + pairs->elements / 2;

    for (i = 0; i < pairs->elements && status == STATUS_DONE; i += 2) {
        name = pairs->element[i];
        value = pairs->element[i + 1];

        if (name->type != REDIS_REPLY_STRING
            || value->type != REDIS_REPLY_STRING)
        {
            goto strange;
        }

        status = each(data, name, value);
    }

    return status;

strange:

    return error_set(&ctl->error, STATUS_FAILED, "protocol",
                     "is this the address of a Redis?",
                     "Redis at %s gave an answer to HSCAN of an unexpected "
                     "form", ctl->settings.where);
}
