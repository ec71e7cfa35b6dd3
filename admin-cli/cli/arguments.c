
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "base/time_text.h"
#include "change/amount_due.h"
#include "cli/admin.h"
#include "cli/arguments.h"
#include "records/host_name.h"


static int arguments_text(admin_t *a, option_e option, size_t max);


int
arguments_hosts(admin_t *a, char ***names, size_t *n)
{
    int      i, status;
    char    *name;
    json_t  *seen;

    status = STATUS_DONE;
    *n = 0;
    *names = calloc((size_t) a->n_args + 1, sizeof(char *));
    seen = json_object();

    if (*names == NULL || seen == NULL) {
        status = error_no_memory(&a->ctl->error);
        goto done;
    }

    for (i = 0; i < a->n_args; i++) {
        status = host_name_read(&a->ctl->error, a->arg[i], &name);

        if (status != STATUS_DONE) {
            break;
        }

        if (json_object_get(seen, name)) {
            free(name);
            continue;
        }

        (*names)[(*n)++] = name;

        if (json_object_set_new(seen, name, json_true()) != 0) {
            status = error_no_memory(&a->ctl->error);
            break;
        }
    }

done:

    json_decref(seen);

    if (status != STATUS_DONE) {
        host_names_free(*names, *n);
        *names = NULL;
        *n = 0;
    }

    return status;
}


int
arguments_time(admin_t *a, option_e option, uint32_t now, uint32_t *when)
{
    const char  *why;

    if (a->opt[option] == NULL) {
        return STATUS_DONE;
    }

    why = time_parse(a->opt[option], now, when);

    return why ? error_set(&a->ctl->error, STATUS_USAGE, "time", TIME_FORMS,
                           "\"%.100s\" of --%s %s", a->opt[option],
                           admin_options[option].name, why)
               : STATUS_DONE;
}


int
arguments_day(admin_t *a, option_e option, uint32_t *when)
{
    const char  *day, *why;

    day = a->opt[option];

    if (day == NULL || *day == '\0') {
        return STATUS_DONE;
    }

    why = amount_due_day(day, when);

    return why ? error_set(&a->ctl->error, STATUS_USAGE, "day",
                           "give it as 2026-11-01", "\"%.100s\" of --%s %s",
                           day, admin_options[option].name, why)
               : STATUS_DONE;
}


int
arguments_field(admin_t *a, option_e option, const paylock_field_t *field)
{
    uint32_t     when;
    const char  *text;

    text = a->opt[option];

    if (text == NULL || *text == '\0') {
        return STATUS_DONE;
    }

    switch (field->type) {

    case PAYLOCK_FIELD_AMOUNT:
        return amount_is_number(text)
               ? STATUS_DONE
               : error_set(&a->ctl->error, STATUS_USAGE, "amount",
                           "give digits and a point, such as 1200.00",
                           "\"%.100s\" of --%s is not an amount", text,
                           admin_options[option].name);

    case PAYLOCK_FIELD_CURRENCY:
        return amount_is_currency(text)
               ? STATUS_DONE
               : error_set(&a->ctl->error, STATUS_USAGE, "currency",
                           "give its three letters, such as EUR",
                           "\"%.100s\" of --%s is not a currency", text,
                           admin_options[option].name);

    case PAYLOCK_FIELD_DAY:
        return arguments_day(a, option, &when);

    default:
        return arguments_text(a, option, field->limit);
    }
}


/* Checks that the value of an option is one line of at most max bytes. */

static int
arguments_text(admin_t *a, option_e option, size_t max)
{
    char         mend[64];
    const char  *text, *why;

    (void) snprintf(mend, sizeof(mend), "give one line of UTF-8 text of at "
                    "most %zu bytes", max);

    text = a->opt[option];
    why = text ? text_check(text, strlen(text), max) : NULL;

    return why ? error_set(&a->ctl->error, STATUS_USAGE, "text", mend,
                           "the value of --%s %s", admin_options[option].name,
                           why)
               : STATUS_DONE;
}


int
arguments_reason(admin_t *a)
{
    return arguments_field(a, OPT_REASON,
                           &paylock_entry_fields[PAYLOCK_AUDIT_REASON]);
}


int
arguments_case(admin_t *a, const char **text)
{
    size_t    i;
    option_e  option;

    for (i = PAYLOCK_CASE_FIRST; i < PAYLOCK_CASE_END; i++) {
        option = OPT_OF_CASE(i);

        if (arguments_field(a, option, &paylock_entry_fields[i])
            != STATUS_DONE)
        {
            return a->ctl->error.status;
        }

        text[i] = a->opt[option];
    }

    return STATUS_DONE;
}
