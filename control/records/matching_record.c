
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "records/host_name.h"
#include "paylock_record.h"
#include "records/effective_state.h"
#include "records/matching_record.h"


static int matching_record_ask(control_t *ctl, const matching_record_t *h);
static json_t *matching_record_load(control_t *ctl, const char *name,
    const paylock_str_t *value);
static void matching_record_passes(matching_record_t *h,
    const paylock_str_t *value);
static int matching_record_beside(const matching_record_t *h, size_t i);


int
matching_record_queue(control_t *ctl, const char *host, matching_record_t *h)
{
    memset(h, 0, sizeof(matching_record_t));

    return host_name_candidates(ctl, host, &h->name, &h->n) == STATUS_DONE
           ? matching_record_ask(ctl, h) : ctl->error.status;
}


static int
matching_record_ask(control_t *ctl, const matching_record_t *h)
{
    int           rc;
    const char  **arg;

    arg = malloc((2 + h->n) * sizeof(char *));

    if (arg == NULL) {
        return control_no_memory(ctl);
    }

    arg[0] = "HMGET";
    arg[1] = ctl->settings.locks;
    memcpy(arg + 2, h->name, h->n * sizeof(char *));

    rc = redis_queue_argv(ctl->redis, 2 + h->n, arg, NULL);

    free(arg);

    return rc == 0 ? STATUS_DONE : ctl->error.status;
}


int
matching_record_take(control_t *ctl, matching_record_t *h, uint32_t now)
{
    int             status;
    size_t          i;
    redisReply     *reply;
    paylock_str_t  *value;

    reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return ctl->error.status;
    }

    if (reply->elements != h->n) {
        freeReplyObject(reply);
        return error_set(&ctl->error, STATUS_FAILED, "protocol", NULL,
                         "Redis answered HMGET with a wrong number of "
                         "values");
    }

    value = calloc(h->n, sizeof(paylock_str_t));

    for (i = 0; value && i < h->n; i++) {
        if (reply->element[i]->type == REDIS_REPLY_STRING) {
            value[i].data = reply->element[i]->str;
            value[i].len = reply->element[i]->len;
        }
    }

    if (value) {
        matching_record_of(ctl, h, value, now);
    }

    status = value ? STATUS_DONE : control_no_memory(ctl);

    free(value);
    freeReplyObject(reply);

    return status;
}


void
matching_record_of(control_t *ctl, matching_record_t *h,
    const paylock_str_t *value, uint32_t now)
{
    size_t   i;
    json_t  *record;

    matching_record_passes(h, value);

    for (i = 0; i < h->n; i++) {

        if (h->record && !matching_record_beside(h, i)) {
            break;
        }

        record = matching_record_load(ctl, h->name[i], &value[i]);

        if (record == NULL) {
            continue;
        }

        if (h->record && !effective_state_stricter(record, h->record, now)) {
            h->other = record;
            break;
        }

        h->other = h->record;
        h->record = record;
        h->match = h->name[i];
    }
}


static void
matching_record_passes(matching_record_t *h, const paylock_str_t *value)
{
    size_t             i;
    const char        *why;
    paylock_record_t   rec;

    for (i = 0; i < h->n; i++) {

        if (value[i].data
            && paylock_record_parse(value[i].data, value[i].len, &rec) == NULL
            && paylock_record_has(&rec, PAYLOCK_PASS_AFTER)
            && rec.time[PAYLOCK_PASS_AFTER] > h->pass_after)
        {
            h->pass_after = rec.time[PAYLOCK_PASS_AFTER];
            h->revoked = h->name[i];
            json_decref(h->revoked_record);
            h->revoked_record = paylock_record_load(value[i].data,
                                                    value[i].len, &why);
        }
    }
}


int
matching_record_without(control_t *ctl, matching_record_t *h, const char *host,
    uint32_t now)
{
    size_t             i;
    matching_record_t  old;

    old = *h;
    memset(h, 0, sizeof(matching_record_t));

    h->name = old.name;
    old.name = NULL;

    for (i = 0; i < old.n; i++) {
        if (strcmp(h->name[i], host) == 0) {
            free(h->name[i]);
        } else {
            h->name[h->n++] = h->name[i];
        }
    }

    old.n = 0;
    matching_record_free(&old);

    return h->n == 0 ? STATUS_DONE
           : matching_record_ask(ctl, h) == STATUS_DONE
             && redis_send(ctl->redis) == 0
           ? matching_record_take(ctl, h, now) : ctl->error.status;
}


void
matching_record_free(matching_record_t *h)
{
    json_decref(h->record);
    json_decref(h->other);
    json_decref(h->revoked_record);
    host_names_free(h->name, h->n);
}


static json_t *
matching_record_load(control_t *ctl, const char *name,
    const paylock_str_t *value)
{
    json_t      *record;
    const char  *why;

    if (value->data == NULL) {
        return NULL;
    }

    record = paylock_record_load(value->data, value->len, &why);

    if (record == NULL) {
        control_warn(ctl, "record", name, "lock, unlock or reset it",
                     "the value of \"%s\" in Redis, which nginx passes over, "
                     "is no record: it %s", name, why);

    } else if (!matching_record_says(record)) {
        json_decref(record);
        record = NULL;
    }

    return record;
}


int
matching_record_says(const json_t *record)
{
    paylock_record_t  rec;

    return paylock_record_from_json(record, &rec) == NULL
           && paylock_record_says(&rec);
}


/* Is name i the "*.x" to the ".x" that holds? */

static int
matching_record_beside(const matching_record_t *h, size_t i)
{
    return h->name[i - 1] == h->match && h->name[i][0] == '*'
           && h->match[0] == '.';
}
