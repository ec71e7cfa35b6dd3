
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "output.h"
#include "paylock_host.h"
#include "paylock_record.h"
#include "state.h"
#include "text.h"
#include "trail.h"


/* as many of the largest records as fit into one reply */

#define LIST_COUNT  "100"


static int list_scan(admin_t *a, json_t *records);
static int list_page(admin_t *a, const redisReply *reply, json_t *records);
static void list_field(admin_t *a, const redisReply *host,
    const redisReply *value, json_t *records);
static int list_print(admin_t *a, const json_t *records);
static int list_compare(const void *one, const void *two);


int
cmd_list(admin_t *a)
{
    int      status;
    json_t  *records;

    status = settings_load(a);

    if (status != STATUS_DONE) {
        return status;
    }

    a->link = link_open(&a->settings, &a->problem);

    if (a->link == NULL) {
        return a->problem.status;
    }

    records = json_object();

    if (records == NULL) {
        return admin_memory(a);
    }

    status = list_scan(a, records);

    if (status == STATUS_DONE) {
        status = list_print(a, records);
    }

    json_decref(records);

    return status;
}


static int
list_scan(admin_t *a, json_t *records)
{
    int          status;
    char         cursor[24];
    redisReply  *reply;

    strcpy(cursor, "0");

    do {
        if (link_command(a->link, "HSCAN", a->settings.locks, cursor, "COUNT",
                         LIST_COUNT, NULL) != 0
            || link_send(a->link) != 0)
        {
            return a->problem.status;
        }

        reply = link_expect(a->link, REDIS_REPLY_ARRAY);

        if (reply == NULL) {
            return a->problem.status;
        }

        status = list_page(a, reply, records);

        if (status == STATUS_DONE) {
            (void) snprintf(cursor, sizeof(cursor), "%s",
                            reply->element[0]->str);
        }

        freeReplyObject(reply);

    } while (status == STATUS_DONE && strcmp(cursor, "0") != 0);

    return status;
}


static int
list_page(admin_t *a, const redisReply *reply, json_t *records)
{
    size_t             i;
    const redisReply  *fields;

    if (reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_STRING
        || reply->element[1]->type != REDIS_REPLY_ARRAY)
    {
        return problem_set(&a->problem, STATUS_FAILED, "protocol", NULL,
                           "Redis at %s gave an answer to HSCAN of an "
                           "unexpected form", a->settings.where);
    }

    fields = reply->element[1];

    for (i = 0; i + 1 < fields->elements; i += 2) {
        if (fields->element[i]->type == REDIS_REPLY_STRING
            && fields->element[i + 1]->type == REDIS_REPLY_STRING)
        {
            list_field(a, fields->element[i], fields->element[i + 1], records);
        }
    }

    return STATUS_DONE;
}


static void
list_field(admin_t *a, const redisReply *host, const redisReply *value,
    json_t *records)
{
    json_t      *record;
    const char  *why;

    why = paylock_host_check(host->str, host->len);

    if (why) {
        admin_warn(a, "host", "", "remove it with HDEL, and lock the name in "
                   "the right form", "the field \"%.300s\" in Redis, which "
                   "nginx passes over, is no host name: it %s", host->str,
                   why);
        return;
    }

    record = paylock_record_load(value->str, value->len, &why);

    if (record == NULL) {
        admin_warn(a, "record", host->str, "lock, unlock or reset it",
                   "the value of \"%s\" in Redis, which nginx passes over, is "
                   "no record: it %s", host->str, why);
        return;
    }

    (void) json_object_set_new(records, host->str, record);
}


static int
list_print(admin_t *a, const json_t *records)
{
    int            status;
    size_t         i, n;
    json_t        *seqs, *value;
    uint32_t       now;
    const char    *host, **hosts;
    state_host_t   h;

    n = 0;
    hosts = malloc((json_object_size(records) + 1) * sizeof(char *));
    seqs = json_object();

    if (hosts == NULL || seqs == NULL) {
        free(hosts);
        json_decref(seqs);
        return admin_memory(a);
    }

    json_object_foreach((json_t *) records, host, value) {
        hosts[n++] = host;
        (void) json_object_set_new(seqs, host, json_null());
    }

    status = trail_newest(a, seqs);

    if (status == STATUS_DONE) {
        qsort(hosts, n, sizeof(char *), list_compare);
        now = (uint32_t) time(NULL);

        for (i = 0; i < n && status == STATUS_DONE; i++) {
            h.host = hosts[i];
            h.holder = hosts[i];
            h.record = json_object_get(records, hosts[i]);
            h.seq = (uint64_t) json_integer_value(json_object_get(seqs,
                                                                  hosts[i]));
            if (output_text(a)) {
                state_print_line(stdout, &h, now);

            } else if (output_wants_json(a)) {
                status = output_json(a, state_json(&h, now));
            }
        }
    }

    free(hosts);
    json_decref(seqs);

    return status;
}


static int
list_compare(const void *one, const void *two)
{
    return strcmp(*(const char *const *) one, *(const char *const *) two);
}
