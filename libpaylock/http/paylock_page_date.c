
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_escape.h"
#include "paylock_messages.h"
#include "paylock_page_date.h"
#include "paylock_template.h"


#define PAYLOCK_DAY  86400


typedef struct {
    unsigned  year;
    unsigned  month;                   /* 1 to 12 */
    unsigned  day;
    unsigned  second;                  /* of the day */
} paylock_moment_t;


static int paylock_page_date_is_right(paylock_str_t pattern);
static int paylock_page_date_is_plain(paylock_str_t text);
static size_t paylock_page_date_count(paylock_str_t s, const char *what);
static size_t paylock_page_date_rfc3339(char *dst, uint32_t when);
static paylock_moment_t paylock_page_date_moment(uint64_t when);
static char *paylock_page_date_value(char *dst,
    const paylock_page_date_t *date, const paylock_moment_t *m, char marker);
static char *paylock_page_date_time(char *dst, const paylock_moment_t *m);
static char *paylock_page_date_digits(char *dst, unsigned n, unsigned digits);
static char *paylock_page_date_put(char *dst, paylock_str_t text);


int
paylock_page_date_read(paylock_page_date_t *date, paylock_str_t texts)
{
    size_t            i, longest;
    paylock_str_t     pattern, months;
    paylock_marker_t  m;

    pattern = paylock_messages_find(texts, "", paylock_string("date"));
    months = paylock_messages_find(texts, "", paylock_string("months"));

    date->first = paylock_messages_find(texts, "", paylock_string("first"));
    date->rfc3339 = 0;

    if (!paylock_page_date_is_right(pattern)
        || !paylock_page_date_is_plain(months)
        || !paylock_page_date_is_plain(date->first))
    {
        return -1;
    }

    longest = 0;

    for (i = 0; i < 12; i++) {
        date->month[i] = paylock_str_cut(&months, ' ');

        if (date->month[i].len == 0) {
            return -1;
        }

        if (date->month[i].len > longest) {
            longest = date->month[i].len;
        }
    }

    /* the year and the time are shorter than their markers */

    if (months.len
        || pattern.len + longest + date->first.len > PAYLOCK_PAGE_DATE)
    {
        return -1;
    }

    for (i = 0; i < PAYLOCK_DATE_MARKERS; i++) {
        (void) paylock_template_next(&pattern, &m);
        date->before[i] = m.text;
        date->marker[i] = m.name.data[0];
    }

    date->after = pattern;

    return 0;
}


static int
paylock_page_date_is_right(paylock_str_t pattern)
{
    size_t  i;

    static const char *const  needed[] = {
        "{{day}}", "{{month}}", "{{year}}", "{{time}}", "UTC"
    };

    for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (paylock_page_date_count(pattern, needed[i]) != 1) {
            return 0;
        }
    }

    return paylock_page_date_count(pattern, "{") == 2 * PAYLOCK_DATE_MARKERS
           && paylock_page_date_is_plain(pattern);
}


/* Is it a text that needs no escaping? */

static int
paylock_page_date_is_plain(paylock_str_t text)
{
    return text.len
           && paylock_escape(NULL, PAYLOCK_FORMAT_HTML, text) == text.len;
}


static size_t
paylock_page_date_count(paylock_str_t s, const char *what)
{
    size_t  n, len;

    n = 0;

    for (len = strlen(what); s.len >= len; s.data++, s.len--) {
        n += memcmp(s.data, what, len) == 0;
    }

    return n;
}


size_t
paylock_page_date(char *dst, const paylock_page_date_t *date, uint32_t when)
{
    char              *p;
    size_t             i;
    paylock_moment_t   m;

    if (date->rfc3339) {
        return paylock_page_date_rfc3339(dst, when);
    }

    m = paylock_page_date_moment(((uint64_t) when + 59) / 60 * 60);
    p = dst;

    for (i = 0; i < PAYLOCK_DATE_MARKERS; i++) {
        p = paylock_page_date_put(p, date->before[i]);
        p = paylock_page_date_value(p, date, &m, date->marker[i]);
    }

    return paylock_page_date_put(p, date->after) - dst;
}


static size_t
paylock_page_date_rfc3339(char *dst, uint32_t when)
{
    char              *p;
    paylock_moment_t   m;

    m = paylock_page_date_moment(when);

    p = paylock_page_date_digits(dst, m.year, 4);
    *p++ = '-';
    p = paylock_page_date_digits(p, m.month, 2);
    *p++ = '-';
    p = paylock_page_date_digits(p, m.day, 2);
    *p++ = 'T';
    p = paylock_page_date_time(p, &m);
    *p++ = ':';
    p = paylock_page_date_digits(p, m.second % 60, 2);
    *p++ = 'Z';

    return p - dst;
}


/* The Gregorian calendar, in eras of 400 years that begin with 1 March. */

static paylock_moment_t
paylock_page_date_moment(uint64_t when)
{
    unsigned          days, era, year, month;
    paylock_moment_t  m;

    m.second = when % PAYLOCK_DAY;

    days = when / PAYLOCK_DAY + 719468;           /* since 0000-03-01 */
    era = days / 146097;
    days %= 146097;
    year = (days - days / 1460 + days / 36524 - days / 146096) / 365;
    days -= 365 * year + year / 4 - year / 100;
    month = (5 * days + 2) / 153;                 /* 0 is March */

    m.day = days - (153 * month + 2) / 5 + 1;
    m.month = month < 10 ? month + 3 : month - 9;
    m.year = 400 * era + year + (m.month <= 2);

    return m;
}


static char *
paylock_page_date_value(char *dst, const paylock_page_date_t *date,
    const paylock_moment_t *m, char marker)
{
    switch (marker) {

    case 'd':
        return m->day == 1 ? paylock_page_date_put(dst, date->first)
               : paylock_page_date_digits(dst, m->day, m->day < 10 ? 1 : 2);

    case 'm':
        return paylock_page_date_put(dst, date->month[m->month - 1]);

    case 'y':
        return paylock_page_date_digits(dst, m->year, 4);

    default:
        return paylock_page_date_time(dst, m);
    }
}


static char *
paylock_page_date_time(char *dst, const paylock_moment_t *m)
{
    dst = paylock_page_date_digits(dst, m->second / 3600, 2);
    *dst++ = ':';

    return paylock_page_date_digits(dst, m->second / 60 % 60, 2);
}


static char *
paylock_page_date_digits(char *dst, unsigned n, unsigned digits)
{
    unsigned  i;

    for (i = digits; i; i--) {
        dst[i - 1] = '0' + n % 10;
        n /= 10;
    }

    return dst + digits;
}


static char *
paylock_page_date_put(char *dst, paylock_str_t text)
{
    memcpy(dst, text.data, text.len);

    return dst + text.len;
}
