
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>
#include <time.h>

#include "change/amount_due.h"
#include "time_text.h"


#define CLAIM_DIGITS  15
#define CLAIM_CENTS   4


static int claim_is_amount(const char *s);
static int claim_is_currency(const char *s);


const claim_field_t  claim_fields[CLAIM_FIELDS] = {
    { OPT_AMOUNT, PAYLOCK_AUDIT_AMOUNT },
    { OPT_CURRENCY, PAYLOCK_AUDIT_CURRENCY },
    { OPT_DUE, PAYLOCK_AUDIT_DUE }
};


int
claim_check(admin_t *a)
{
    uint32_t     when;
    const char  *amount, *currency;

    amount = a->opt[OPT_AMOUNT];
    currency = a->opt[OPT_CURRENCY];

    if (amount && *amount && !claim_is_amount(amount)) {
        return problem_set(&a->problem, STATUS_USAGE, "amount",
                           "give digits and a point, such as 1200.00",
                           "\"%.100s\" of --amount is not an amount", amount);
    }

    if (currency && *currency && !claim_is_currency(currency)) {
        return problem_set(&a->problem, STATUS_USAGE, "currency",
                           "give its three letters, such as EUR",
                           "\"%.100s\" of --currency is not a currency",
                           currency);
    }

    return claim_day(a, OPT_DUE, &when);
}


int
claim_day(admin_t *a, option_e option, uint32_t *when)
{
    const char  *day, *why;

    day = a->opt[option];

    if (day == NULL || *day == '\0') {
        return STATUS_DONE;
    }

    why = strlen(day) == sizeof("2026-11-01") - 1
          ? when_parse(day, (uint32_t) time(NULL), when) : "is not a day";

    return why ? problem_set(&a->problem, STATUS_USAGE, "day",
                             "give it as 2026-11-01", "\"%.100s\" of --%s %s",
                             day, admin_options[option].name, why)
               : STATUS_DONE;
}


static int
claim_is_amount(const char *s)
{
    size_t  n, cents;

    static const char  digits[] = "0123456789";

    n = strspn(s, digits);

    if (n == 0 || n > CLAIM_DIGITS || (s[0] == '0' && n > 1)) {
        return 0;
    }

    if (s[n] == '\0') {
        return 1;
    }

    cents = strspn(s + n + 1, digits);

    return s[n] == '.' && cents && cents <= CLAIM_CENTS
           && s[n + 1 + cents] == '\0';
}


static int
claim_is_currency(const char *s)
{
    return strlen(s) == 3 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}
