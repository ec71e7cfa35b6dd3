
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
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
