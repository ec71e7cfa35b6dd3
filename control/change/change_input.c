
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time_text.h"
#include "change/amount_due.h"
#include "change/change_input.h"


#define change_input_name(id, name, ...)  name,


static int input_text(error_info_t *error, const char *name, const char *text,
    size_t max);
static void input_argument(FILE *f, const char *name, const char *text);


const char *const  change_input_names[CHANGE_INPUTS] = {
    "at", "until", "notice", "readonly",
    PAYLOCK_CASE_FIELDS(change_input_name)
    "ref",
    PAYLOCK_NOTICE_FIELDS(change_input_name)
    "ttl", "path"
};


int
change_input_time(error_info_t *error, const change_input_t *in,
    change_input_e i, uint32_t *when)
{
    return input_time(error, change_input_names[i], in->text[i], in->now,
                      when);
}


int
input_time(error_info_t *error, const char *name, const char *text,
    uint32_t now, uint32_t *when)
{
    const char  *why;

    why = text ? time_parse(text, now, when) : NULL;

    return why ? error_set(error, STATUS_USAGE, "time", TIME_FORMS,
                           "\"%.100s\" of --%s %s", text, name, why)
               : STATUS_DONE;
}


int
change_input_day(error_info_t *error, const change_input_t *in,
    change_input_e i, uint32_t *when)
{
    const char  *day, *why;

    day = in->text[i];
    why = day && *day ? amount_due_day(day, when) : NULL;

    return why ? error_set(error, STATUS_USAGE, "day",
                           "give it as 2026-11-01", "\"%.100s\" of --%s %s",
                           day, change_input_names[i], why)
               : STATUS_DONE;
}


int
change_input_field(error_info_t *error, const change_input_t *in,
    change_input_e i, const paylock_field_t *field)
{
    uint32_t     when;
    const char  *text, *name;

    text = in->text[i];
    name = change_input_names[i];

    if (text == NULL || *text == '\0') {
        return STATUS_DONE;
    }

    switch (field->type) {

    case PAYLOCK_FIELD_AMOUNT:
        return amount_is_number(text)
               ? STATUS_DONE
               : error_set(error, STATUS_USAGE, "amount",
                           "give digits and a point, such as 1200.00",
                           "\"%.100s\" of --%s is not an amount", text, name);

    case PAYLOCK_FIELD_CURRENCY:
        return amount_is_currency(text)
               ? STATUS_DONE
               : error_set(error, STATUS_USAGE, "currency",
                           "give its three letters, such as EUR",
                           "\"%.100s\" of --%s is not a currency", text, name);

    case PAYLOCK_FIELD_DAY:
        return change_input_day(error, in, i, &when);

    default:
        return input_text(error, name, text, field->limit);
    }
}


/* Checks that a text is one line of at most max bytes. */

static int
input_text(error_info_t *error, const char *name, const char *text, size_t max)
{
    char         mend[64];
    const char  *why;

    (void) snprintf(mend, sizeof(mend), "give one line of UTF-8 text of at "
                    "most %zu bytes", max);

    why = text_check(text, strlen(text), max);

    return why ? error_set(error, STATUS_USAGE, "text", mend,
                           "the value of --%s %s", name, why)
               : STATUS_DONE;
}


int
change_input_reason(error_info_t *error, const change_input_t *in)
{
    return change_input_field(error, in, CHANGE_INPUT_REASON,
                              &paylock_entry_fields[PAYLOCK_AUDIT_REASON]);
}


int
change_input_case(error_info_t *error, const change_input_t *in,
    const char **text)
{
    size_t          i;
    change_input_e  from;

    for (i = PAYLOCK_CASE_FIRST; i < PAYLOCK_CASE_END; i++) {
        from = CHANGE_INPUT_REASON + (change_input_e) (i - PAYLOCK_CASE_FIRST);

        if (change_input_field(error, in, from, &paylock_entry_fields[i])
            != STATUS_DONE)
        {
            return error->status;
        }

        text[i] = in->text[from];
    }

    return STATUS_DONE;
}


char *
change_input_arguments(const change_input_t *in)
{
    FILE            *f;
    char            *text;
    size_t           size;
    change_input_e   i;

    f = open_memstream(&text, &size);

    if (f == NULL) {
        return NULL;
    }

    for (i = 0; i < CHANGE_INPUTS; i++) {
        input_argument(f, change_input_names[i], in->text[i]);
    }

    input_argument(f, "content", in->content);

    if (fclose(f) != 0) {
        free(text);
        return NULL;
    }

    return text;
}


static void
input_argument(FILE *f, const char *name, const char *text)
{
    if (text) {
        (void) fprintf(f, "%s=%zu:%s,", name, strlen(text), text);
    }
}
