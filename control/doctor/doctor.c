
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "doctor/doctor.h"


static const char *const  doctor_results[] = { "ok", "note", "problem" };


void
doctor_say(doctor_t *d, doctor_e result, const char *check, const char *mend,
    const char *fmt, ...)
{
    char     message[2048];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    d->problems += result == DOCTOR_PROBLEM;

    (void) json_array_append_new(d->findings,
        json_pack("{s:s, s:s, s:o, s:o}", "check", check,
                  "result", doctor_results[result],
                  "message", text_json(message, strlen(message)),
                  "mend", text_json(mend ? mend : "",
                                    mend ? strlen(mend) : 0)));
}


void
doctor_failed(doctor_t *d, const char *check)
{
    const error_info_t  *p;

    p = &d->ctl->error;

    doctor_say(d, DOCTOR_PROBLEM, check, p->mend, "%s", p->message);
}


redisReply *
doctor_ask(doctor_t *d, const char *check, const char *one, const char *two,
    const char *three)
{
    redis_conn_t  *redis;
    redisReply    *reply;

    redis = d->ctl->redis;

    reply = redis_queue(redis, one, two, three, NULL) == 0
            && redis_send(redis) == 0
            ? redis_reply(redis) : NULL;

    if (reply == NULL) {
        doctor_failed(d, check);
    }

    return reply;
}


int
doctor_is_error(const redisReply *reply, const char *word)
{
    return reply->type == REDIS_REPLY_ERROR
           && strncmp(reply->str, word, strlen(word)) == 0;
}


void
doctor_check(doctor_t *d)
{
    size_t      i;
    control_t  *ctl;

    static void (*const  groups[])(doctor_t *d) = {
        doctor_redis, doctor_memory, doctor_rights, doctor_trail,
        doctor_records, doctor_expiry, doctor_nodes
    };

    ctl = d->ctl;

    for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        redis_conn_close(ctl->redis);
        ctl->redis = redis_conn_open(&ctl->settings, &ctl->error);

        if (ctl->redis == NULL || redis_conn_login(ctl->redis) != 0) {
            doctor_failed(d, "redis");
            return;
        }

        groups[i](d);
    }
}
