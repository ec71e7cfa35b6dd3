
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "pass list": the passes in the audit trail, and whether they are valid.
 */


#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/time_text.h"
#include "change/pass_list.h"
#include "cli/output.h"
#include "cli/table.h"
#include "commands.h"


static int pass_list_print(admin_t *a, const json_t *passes);
static int pass_list_row(table_t *c, const json_t *pass);
static const char *pass_list_colour(const char *cell, int colours);


static const column_t  passes_columns[] = {
    { "HOST", 16, NULL },
    { "STATE", 0, pass_list_colour },
    { "EXPIRES", 0, NULL },
    { "ISSUED", 0, NULL },
    { "BY", 0, NULL },
    { "REASON", 12, NULL },
    { "KEY", 0, NULL },
    { "ENTRY", 0, NULL }
};

#define PASSES_COLUMNS  (sizeof(passes_columns) / sizeof(passes_columns[0]))


int
cmd_pass_list(admin_t *a)
{
    int      status;
    json_t  *passes;

    status = pass_list(a->ctl, a->n_hosts ? a->host[0] : NULL,
                       (uint32_t) time(NULL), &passes);

    if (status == STATUS_DONE) {
        status = pass_list_print(a, passes);
    }

    json_decref(passes);

    return status;
}


static int
pass_list_print(admin_t *a, const json_t *passes)
{
    int       status;
    size_t    i;
    json_t   *pass;
    table_t   c;

    memset(&c, 0, sizeof(table_t));
    c.column = passes_columns;
    c.n = PASSES_COLUMNS;

    status = STATUS_DONE;

    for (i = 0; i < json_array_size(passes) && status == STATUS_DONE; i++) {
        pass = json_array_get(passes, i);

        if (output_is_text(a)) {
            status = pass_list_row(&c, pass) == 0
                     ? STATUS_DONE : control_no_memory(a->ctl);

        } else {
            status = output_print_json(a, json_incref(pass));
        }
    }

    if (status == STATUS_DONE) {
        table_print(&c, stdout, output_colours());
    }

    table_free(&c);

    return status;
}


static int
pass_list_row(table_t *c, const json_t *pass)
{
    char           text[TIME_TEXT];
    size_t         i;
    uint32_t       when;
    const char    *s;
    const json_t  *member;

    static const char *const  members[PASSES_COLUMNS - 1] = {
        "host", "state", "expires", "issued", "actor", "reason", "kid"
    };

    for (i = 0; i < PASSES_COLUMNS - 1; i++) {
        member = json_object_get(pass, members[i]);
        s = json_string_value(member);

        if ((i == 2 || i == 3) && time_parse(s, 0, &when) == NULL) {
            time_local(when, text);
            s = text;
        }

        if (table_add(c, text_safe(s ? s : "", s ? strlen(s) : 0)) != 0) {
            return -1;
        }
    }

    (void) snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
                    json_integer_value(json_object_get(pass, "seq")));

    return table_add(c, strdup(text));
}


static const char *
pass_list_colour(const char *cell, int colours)
{
    return !colours ? "" : strcmp(cell, "valid") == 0 ? "\033[32m"
           : strcmp(cell, "revoked") == 0 ? "\033[31m" : "\033[2m";
}
