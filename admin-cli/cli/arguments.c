
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
#include "change/change_batch.h"
#include "cli/admin.h"
#include "cli/arguments.h"
#include "records/host_name.h"


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
        status = name_read(&a->ctl->error, a->arg[i], &name);

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
        names_free(*names, *n);
        *names = NULL;
        *n = 0;
    }

    return status;
}


int
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
arguments_case(admin_t *a, const char **text)
{
    uint32_t     when;
    const char  *amount, *currency;

    amount = a->opt[OPT_AMOUNT];
    currency = a->opt[OPT_CURRENCY];

    if (arguments_text(a, OPT_REASON, CHANGE_REASON_MAX) != STATUS_DONE
        || arguments_text(a, OPT_INVOICE, CHANGE_INVOICE_MAX) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    if (amount && *amount && !amount_is_number(amount)) {
        return error_set(&a->ctl->error, STATUS_USAGE, "amount",
                         "give digits and a point, such as 1200.00",
                         "\"%.100s\" of --amount is not an amount", amount);
    }

    if (currency && *currency && !amount_is_currency(currency)) {
        return error_set(&a->ctl->error, STATUS_USAGE, "currency",
                         "give its three letters, such as EUR",
                         "\"%.100s\" of --currency is not a currency",
                         currency);
    }

    text[PAYLOCK_AUDIT_REASON] = a->opt[OPT_REASON];
    text[PAYLOCK_AUDIT_INVOICE] = a->opt[OPT_INVOICE];
    text[PAYLOCK_AUDIT_AMOUNT] = amount;
    text[PAYLOCK_AUDIT_CURRENCY] = currency;
    text[PAYLOCK_AUDIT_DUE] = a->opt[OPT_DUE];

    return arguments_day(a, OPT_DUE, &when);
}
