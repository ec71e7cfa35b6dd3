
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/time_text.h"


#define TIME_UNKNOWN  "is not a time"
#define TIME_RANGE    "lies outside of 1970 to 2106"


static const char *time_number(const char *text, uint64_t *n);
static const char *time_relative(const char *text, uint32_t now,
    uint32_t *when);
static const char *time_calendar(const char *text, uint32_t *when);
static int time_clock(const char *p, struct tm *tm, long *offset);
static const char *time_digits(const char *p, int n, int least, int most,
    int *value);
static int time_days(int year, int month);


const char *
time_parse(const char *text, uint32_t now, uint32_t *when)
{
    uint64_t     n;
    const char  *why;

    if (strcmp(text, "now") == 0) {
        *when = now;
        return NULL;
    }

    if (text[0] == '+') {
        return time_relative(text + 1, now, when);
    }

    if (text[0] != '@') {
        return time_calendar(text, when);
    }

    text = time_number(text + 1, &n);

    if (text == NULL || *text) {
        return TIME_UNKNOWN;
    }

    why = n > UINT32_MAX ? TIME_RANGE : NULL;
    *when = (uint32_t) n;

    return why;
}


void
time_utc(uint32_t when, char text[TIME_TEXT])
{
    time_t     t;
    struct tm  tm;

    t = when;

    (void) gmtime_r(&t, &tm);
    (void) strftime(text, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
}


void
time_local(uint32_t when, char text[TIME_TEXT])
{
    size_t     n;
    time_t     t;
    struct tm  tm;

    t = when;

    (void) localtime_r(&t, &tm);

    n = strftime(text, TIME_TEXT, "%Y-%m-%dT%H:%M:%S%z", &tm);

    /* strftime() writes +0100; RFC 3339 requires +01:00 */

    text[n + 1] = '\0';
    text[n] = text[n - 1];
    text[n - 1] = text[n - 2];
    text[n - 2] = ':';
}


static const char *
time_number(const char *text, uint64_t *n)
{
    if (!isdigit((unsigned char) *text)) {
        return NULL;
    }

    for (*n = 0; isdigit((unsigned char) *text); text++) {

        if (*n <= UINT32_MAX) {
            *n = *n * 10 + (*text - '0');
        }
    }

    return text;
}


static const char *
time_relative(const char *text, uint32_t now, uint32_t *when)
{
    size_t    i;
    uint64_t  n;

    static const struct {
        char      unit;
        uint32_t  seconds;
    } units[] = {
        { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
        { 'w', 7 * 86400 }, { 'y', 365 * 86400 }
    };

    text = time_number(text, &n);

    if (text == NULL || *text == '\0' || text[1] != '\0') {
        return TIME_UNKNOWN;
    }

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {

        if (*text != units[i].unit) {
            continue;
        }

        if (n * units[i].seconds > UINT32_MAX - now) {
            return TIME_RANGE;
        }

        *when = now + (uint32_t) (n * units[i].seconds);

        return NULL;
    }

    return TIME_UNKNOWN;
}


static const char *
time_calendar(const char *text, uint32_t *when)
{
    int          year;
    long         offset;
    time_t       t;
    struct tm    tm;
    const char  *p;

    memset(&tm, 0, sizeof(struct tm));

    p = time_digits(text, 4, 0, 9999, &year);
    p = (p && *p == '-') ? time_digits(p + 1, 2, 1, 12, &tm.tm_mon) : NULL;
    p = (p && *p == '-') ? time_digits(p + 1, 2, 1, 31, &tm.tm_mday) : NULL;

    if (p == NULL || tm.tm_mday > time_days(year, tm.tm_mon)) {
        return TIME_UNKNOWN;
    }

    tm.tm_year = year - 1900;
    tm.tm_mon--;

    if (*p == '\0') {
        tm.tm_isdst = -1;
        t = mktime(&tm);

    } else {
        if (time_clock(p, &tm, &offset) != 0) {
            return TIME_UNKNOWN;
        }

        t = timegm(&tm) - offset;
    }

    if (t < 0 || t > UINT32_MAX) {
        return TIME_RANGE;
    }

    *when = (uint32_t) t;

    return NULL;
}


/* Parses time of day and offset of RFC 3339; ignores fractions of a second. */

static int
time_clock(const char *p, struct tm *tm, long *offset)
{
    int  sign, hours, minutes;

    p = strchr("Tt ", *p) ? time_digits(p + 1, 2, 0, 23, &tm->tm_hour) : NULL;
    p = (p && *p == ':') ? time_digits(p + 1, 2, 0, 59, &tm->tm_min) : NULL;
    p = (p && *p == ':') ? time_digits(p + 1, 2, 0, 60, &tm->tm_sec) : NULL;

    if (p && *p == '.') {

        if (!isdigit((unsigned char) p[1])) {
            return -1;
        }

        for (p++; isdigit((unsigned char) *p); p++) { /* void */ }
    }

    *offset = 0;

    if (p && (*p == 'Z' || *p == 'z')) {
        return p[1] ? -1 : 0;
    }

    if (p == NULL || (*p != '+' && *p != '-')) {
        return -1;
    }

    sign = *p == '+' ? 1 : -1;

    p = time_digits(p + 1, 2, 0, 23, &hours);
    p = (p && *p == ':') ? time_digits(p + 1, 2, 0, 59, &minutes) : NULL;

    if (p == NULL || *p) {
        return -1;
    }

    *offset = sign * (hours * 3600L + minutes * 60L);

    return 0;
}


/* Reads n digits; returns the text after them, or NULL if out of bounds. */

static const char *
time_digits(const char *p, int n, int least, int most, int *value)
{
    for (*value = 0; n; n--, p++) {

        if (!isdigit((unsigned char) *p)) {
            return NULL;
        }

        *value = *value * 10 + (*p - '0');
    }

    return (*value < least || *value > most) ? NULL : p;
}


static int
time_days(int year, int month)
{
    if (month == 2) {
        return (year % 4 == 0 && (year % 100 || year % 400 == 0)) ? 29 : 28;
    }

    return (month == 4 || month == 6 || month == 9 || month == 11) ? 30 : 31;
}
