
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_escape.h"
#include "paylock_page_date.h"
#include "paylock_words.h"


#define PAYLOCK_DAY  86400


typedef struct {
    unsigned  year;
    unsigned  month;                   /* 1 to 12 */
    unsigned  day;
    unsigned  second;                  /* of the day */
} paylock_moment_t;


static int paylock_page_date_is_right(const paylock_page_date_t *date);
static size_t paylock_page_date_count(paylock_str_t s, const char *what);
static size_t paylock_page_date_rfc3339(char *dst, uint32_t when);
static paylock_moment_t paylock_page_date_moment(uint64_t when);
static char *paylock_page_date_value(char *dst,
    const paylock_page_date_t *date, const paylock_moment_t *m, char marker);
static char *paylock_page_date_time(char *dst, const paylock_moment_t *m);
static paylock_str_t paylock_page_date_month(paylock_str_t months,
    unsigned month);
static char *paylock_page_date_digits(char *dst, unsigned n, unsigned digits);


int
paylock_page_date_read(paylock_page_date_t *date, paylock_str_t texts)
{
    size_t  months;

    date->pattern = paylock_words_find(texts, "", paylock_string("date"));
    date->months = paylock_words_find(texts, "", paylock_string("months"));
    date->first = paylock_words_find(texts, "", paylock_string("first"));

    for (months = 1; months <= 12; months++) {
        if (paylock_page_date_month(date->months, months).len == 0) {
            return -1;
        }
    }

    return paylock_page_date_month(date->months, 13).len == 0
           && paylock_page_date_is_right(date) ? 0 : -1;
}


static int
paylock_page_date_is_right(const paylock_page_date_t *date)
{
    size_t         i, len, month;
    paylock_str_t  all[] = { date->pattern, date->months, date->first };

    static const char *const  needed[] = {
        "{{day}}", "{{month}}", "{{year}}", "{{time}}", "UTC"
    };

    for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (paylock_page_date_count(date->pattern, needed[i]) != 1) {
            return 0;
        }
    }

    if (paylock_page_date_count(date->pattern, "{") != 8) {
        return 0;
    }

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (paylock_escape(NULL, PAYLOCK_FORMAT_HTML, all[i]) != all[i].len) {
            return 0;
        }
    }

    /* the other two are shorter than their markers */

    month = 0;

    for (i = 1; i <= 12; i++) {
        len = paylock_page_date_month(date->months, i).len;
        month = len > month ? len : month;
    }

    return date->first.len
           && date->pattern.len + month + date->first.len
              <= PAYLOCK_PAGE_DATE;
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
    paylock_str_t      pattern, text;
    paylock_moment_t   m;

    if (date->pattern.len == 0) {
        return paylock_page_date_rfc3339(dst, when);
    }

    m = paylock_page_date_moment(((uint64_t) when + 59) / 60 * 60);
    pattern = date->pattern;
    p = dst;

    while (pattern.len) {
        text = paylock_words_cut(&pattern, '{');
        memcpy(p, text.data, text.len);
        p += text.len;

        if (pattern.len) {
            (void) paylock_words_cut(&pattern, '{');
            text = paylock_words_cut(&pattern, '}');
            (void) paylock_words_cut(&pattern, '}');
            p = paylock_page_date_value(p, date, &m, text.data[0]);
        }
    }

    return p - dst;
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


/* The value of a marker, by the letter it begins with. */

static char *
paylock_page_date_value(char *dst, const paylock_page_date_t *date,
    const paylock_moment_t *m, char marker)
{
    paylock_str_t  text;

    switch (marker) {

    case 'd':
        if (m->day != 1) {
            return paylock_page_date_digits(dst, m->day, m->day < 10 ? 1 : 2);
        }

        text = date->first;
        break;

    case 'm':
        text = paylock_page_date_month(date->months, m->month);
        break;

    case 'y':
        return paylock_page_date_digits(dst, m->year, 4);

    default:
        return paylock_page_date_time(dst, m);
    }

    memcpy(dst, text.data, text.len);

    return dst + text.len;
}


static char *
paylock_page_date_time(char *dst, const paylock_moment_t *m)
{
    dst = paylock_page_date_digits(dst, m->second / 3600, 2);
    *dst++ = ':';

    return paylock_page_date_digits(dst, m->second / 60 % 60, 2);
}


/* The name of a month; empty if there are not so many. */

static paylock_str_t
paylock_page_date_month(paylock_str_t months, unsigned month)
{
    paylock_str_t  name;

    name = months;

    while (month--) {
        name = paylock_words_cut(&months, ' ');
    }

    return name;
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
