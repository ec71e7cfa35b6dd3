
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "name.h"
#include "output.h"
#include "paylock_record.h"
#include "state.h"
#include "trail.h"


static int status_hosts(admin_t *a, char **name, size_t n);
static int status_find(admin_t *a, const char *host, json_t **record,
    const char **holder);
static int status_get(admin_t *a, const char *host, json_t **record);
static int status_report(admin_t *a, state_host_t *h, size_t n);


int
cmd_status(admin_t *a)
{
    int      status;
    char   **name;
    size_t   n;

    status = names_read(a, &name, &n);

    if (status != STATUS_DONE) {
        return status;
    }

    status = settings_load(a);

    if (status == STATUS_DONE) {
        a->link = link_open(&a->settings, &a->problem);
        status = a->link ? status_hosts(a, name, n) : a->problem.status;
    }

    names_free(name, n);

    return status;
}


static int
status_hosts(admin_t *a, char **name, size_t n)
{
    int             status;
    size_t          i;
    json_t         *record;
    state_host_t   *h;

    h = calloc(n, sizeof(state_host_t));

    if (h == NULL) {
        return admin_memory(a);
    }

    status = STATUS_DONE;

    for (i = 0; i < n && status == STATUS_DONE; i++) {
        h[i].host = name[i];
        status = status_find(a, name[i], &record, &h[i].holder);
        h[i].record = record;
    }

    if (status == STATUS_DONE) {
        status = status_report(a, h, n);
    }

    for (i = 0; i < n; i++) {
        json_decref((json_t *) h[i].record);
    }

    free(h);

    return status;
}


/* The record that holds: the host's own, else that without "www.". */

static int
status_find(admin_t *a, const char *host, json_t **record,
    const char **holder)
{
    int  status;

    *holder = host;
    status = status_get(a, host, record);

    if (status == STATUS_DONE && *record == NULL) {
        *holder = name_fallback(host);

        if (*holder) {
            status = status_get(a, *holder, record);
        }
    }

    if (*record == NULL) {
        *holder = NULL;
    }

    return status;
}


static int
status_get(admin_t *a, const char *host, json_t **record)
{
    const char  *why;
    redisReply  *reply;

    *record = NULL;

    if (link_command(a->link, "HGET", a->settings.locks, host, NULL) != 0
        || link_send(a->link) != 0)
    {
        return a->problem.status;
    }

    reply = link_expect(a->link, REDIS_REPLY_STRING);

    if (reply == NULL) {
        return a->problem.status;
    }

    if (reply->type == REDIS_REPLY_STRING) {
        *record = paylock_record_load(reply->str, reply->len, &why);

        if (*record == NULL) {
            admin_warn(a, "record", host, "lock, unlock or reset it",
                       "the value of \"%s\" in Redis, which nginx passes over, "
                       "is no record: it %s", host, why);
        }
    }

    freeReplyObject(reply);

    return STATUS_DONE;
}


static int
status_report(admin_t *a, state_host_t *h, size_t n)
{
    int          status;
    size_t       i;
    json_t      *seqs, *array;
    uint32_t     now;
    const char  *key;

    seqs = json_object();

    for (i = 0; i < n; i++) {
        key = h[i].holder ? h[i].holder : h[i].host;
        (void) json_object_set_new(seqs, key, json_null());
    }

    status = trail_newest(a, seqs);

    if (status != STATUS_DONE) {
        json_decref(seqs);
        return status;
    }

    now = (uint32_t) time(NULL);
    array = json_array();

    for (i = 0; i < n; i++) {
        key = h[i].holder ? h[i].holder : h[i].host;
        h[i].seq = (uint64_t) json_integer_value(json_object_get(seqs, key));

        if (output_text(a)) {
            state_print_lines(stdout, &h[i], now);
        }

        (void) json_array_append_new(array, state_json(&h[i], now));
    }

    json_decref(seqs);

    return output_json(a, array);
}
