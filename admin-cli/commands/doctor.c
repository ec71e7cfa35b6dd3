
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "doctor/doctor.h"
#include "text.h"


static void doctor_groups(doctor_t *d);
static int doctor_report(doctor_t *d);
static void doctor_print(const json_t *finding);


static const char *const  doctor_results[] = { "ok", "note", "problem" };


int
cmd_doctor(admin_t *a)
{
    int        status;
    doctor_t   d;

    memset(&d, 0, sizeof(doctor_t));
    d.admin = a;
    d.findings = json_array();

    if (d.findings == NULL) {
        return admin_memory(a);
    }

    if (settings_load(a) != STATUS_DONE) {
        doctor_failed(&d, "settings");

    } else {
        doctor_groups(&d);
    }

    status = doctor_report(&d);

    if (status != STATUS_DONE || d.problems == 0) {
        return status;
    }

    return problem_set(&a->problem, STATUS_FAILED, "doctor", NULL,
                       "%zu problem%s found", d.problems,
                       d.problems == 1 ? " was" : "s were");
}


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
    const problem_t  *p;

    p = &d->admin->problem;

    doctor_say(d, DOCTOR_PROBLEM, check, p->mend, "%s", p->message);
}


redisReply *
doctor_ask(doctor_t *d, const char *check, const char *one, const char *two,
    const char *three)
{
    link_t      *l;
    redisReply  *reply;

    l = d->admin->link;

    reply = link_command(l, one, two, three, NULL) == 0 && link_send(l) == 0
            ? link_reply(l) : NULL;

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


static void
doctor_groups(doctor_t *d)
{
    size_t    i;
    admin_t  *a;

    static void (*const  groups[])(doctor_t *d) = {
        doctor_redis, doctor_memory, doctor_rights, doctor_trail,
        doctor_records, doctor_nodes
    };

    a = d->admin;

    for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        link_close(a->link);
        a->link = link_open(&a->settings, &a->problem);

        if (a->link == NULL || link_login(a->link) != 0) {
            doctor_failed(d, "redis");
            return;
        }

        groups[i](d);
    }
}


static int
doctor_report(doctor_t *d)
{
    size_t   i;
    json_t  *finding;

    if (output_text(d->admin)) {
        json_array_foreach(d->findings, i, finding) {
            doctor_print(finding);
        }
    }

    return output_json(d->admin, d->findings);
}


static void
doctor_print(const json_t *finding)
{
    const json_t  *message, *mend;

    message = json_object_get(finding, "message");
    mend = json_object_get(finding, "mend");

    (void) printf("%-8s %s: ",
                  json_string_value(json_object_get(finding, "result")),
                  json_string_value(json_object_get(finding, "check")));
    text_print(stdout, json_string_value(message),
               json_string_length(message));

    if (json_is_string(mend)) {
        (void) printf("\n         mend: ");
        text_print(stdout, json_string_value(mend), json_string_length(mend));
    }

    (void) putchar('\n');
}
