
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "base/time_text.h"
#include "cli/output.h"
#include "cli/token_file.h"


const char *
token_file(const admin_t *a)
{
    const char  *path;

    path = a->ctl->settings.value[SET_TOKENS];

    return path ? path : TOKENS_FILE;
}


int
token_file_load(admin_t *a, tokens_t *t)
{
    return tokens_load(t, token_file(a), &a->ctl->error);
}


void
token_report(admin_t *a, const json_t *token, const char *text, uint64_t seq)
{
    json_t      *o;
    const char  *name, *action;

    action = a->command->name;
    name = json_string_value(json_object_get(token, "name"));

    if (output_is_text(a) && text) {
        (void) puts(text);

    } else if (output_is_text(a)) {
        (void) printf("%s: %s", name, a->ctl->dry_run ? "would be " : "");
        (void) printf("%s", action[6] == 'r' ? "revoked" : "made");

        if (!a->ctl->dry_run) {
            (void) printf(", entry %" PRIu64, seq);
        }

        (void) putchar('\n');
    }

    if (output_is_json(a)) {
        o = token_json(token);

        if (o && text) {
            (void) json_object_set_new(o, "token", json_string(text));
        }

        if (o) {
            (void) json_object_set_new(o, "seq", a->ctl->dry_run
                                                 ? json_null()
                                                 : number_json(seq));
        }

        (void) output_print_json(a, o);
    }
}


json_t *
token_json(const json_t *token)
{
    char      when[TIME_TEXT];
    size_t    i;
    json_t   *o, *time;

    static const char *const  copied[] = {
        "name", "allow", "holds", "hosts", "ip"
    };
    static const char *const  times[] = { "created", "expires", "revoked" };

    o = json_object();

    for (i = 0; o && i < sizeof(copied) / sizeof(copied[0]); i++) {
        (void) json_object_set(o, copied[i], json_object_get(token, copied[i]));
    }

    for (i = 0; o && i < sizeof(times) / sizeof(times[0]); i++) {
        time = json_object_get(token, times[i]);

        if (time) {
            time_utc((uint32_t) json_integer_value(time), when);
        }

        (void) json_object_set_new(o, times[i], time ? json_string(when)
                                                     : json_null());
    }

    return o;
}
