
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "access/token_grant.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/token_file.h"
#include "commands.h"


static int list_print(admin_t *a, const tokens_t *t);
static const char *list_state(const json_t *token, uint32_t now);


static const column_t  list_columns[] = {
    { "NAME", 8, NULL },
    { "STATE", 0, NULL },
    { "WHAT IT MAY DO", 20, NULL }
};


int
cmd_token_list(admin_t *a)
{
    int       status;
    tokens_t  t;

    status = token_file_load(a, &t);

    if (status == STATUS_DONE) {
        status = list_print(a, &t);
    }

    tokens_free(&t);

    return status;
}


static int
list_print(admin_t *a, const tokens_t *t)
{
    int            status;
    size_t         i;
    table_t        c;
    uint32_t       now;
    const json_t  *token;

    memset(&c, 0, sizeof(table_t));
    c.column = list_columns;
    c.n = sizeof(list_columns) / sizeof(list_columns[0]);

    status = STATUS_DONE;
    now = (uint32_t) time(NULL);

    json_array_foreach(t->list, i, token) {

        if (output_is_json(a)) {
            status = output_print_json(a, token_json(token));

        } else if (table_add(&c, strdup(json_string_value(json_object_get(token,
                                                                  "name"))))
                   != 0
                   || table_add(&c, strdup(list_state(token, now))) != 0
                   || table_add(&c, token_text(token)) != 0)
        {
            status = control_no_memory(a->ctl);
        }

        if (status != STATUS_DONE) {
            break;
        }
    }

    if (status == STATUS_DONE && output_is_text(a)) {
        table_print(&c, stdout, output_colours());
    }

    table_free(&c);

    return status;
}


static const char *
list_state(const json_t *token, uint32_t now)
{
    json_int_t  expires;

    expires = json_integer_value(json_object_get(token, "expires"));

    return json_object_get(token, "revoked") ? "revoked"
           : expires && expires <= (json_int_t) now ? "expired" : "good";
}
