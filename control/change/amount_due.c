
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>
#include <time.h>

#include "base/time_text.h"
#include "change/amount_due.h"


#define AMOUNT_DIGITS  15
#define AMOUNT_CENTS   4


int
amount_is_number(const char *s)
{
    size_t  n, cents;

    static const char  digits[] = "0123456789";

    n = strspn(s, digits);

    if (n == 0 || n > AMOUNT_DIGITS || (s[0] == '0' && n > 1)) {
        return 0;
    }

    if (s[n] == '\0') {
        return 1;
    }

    cents = strspn(s + n + 1, digits);

    return s[n] == '.' && cents && cents <= AMOUNT_CENTS
           && s[n + 1 + cents] == '\0';
}


int
amount_is_currency(const char *s)
{
    return strlen(s) == 3 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}


const char *
amount_due_day(const char *day, uint32_t *when)
{
    return strlen(day) == sizeof("2026-11-01") - 1
           ? time_parse(day, (uint32_t) time(NULL), when) : "is not a day";
}
