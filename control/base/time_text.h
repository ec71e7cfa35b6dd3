
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Times as people and scripts write and read them.
 */


#ifndef _TIME_TEXT_H_INCLUDED_
#define _TIME_TEXT_H_INCLUDED_


#include <stdint.h>


#define TIME_TEXT    sizeof("2106-02-07T06:28:15+00:00")

#define TIME_FORMS                                                            \
    "give RFC 3339 (2026-11-01T08:00:00Z), a date (2026-11-01), +7d "         \
    "(s, m, h, d, w, y), @UNIX or now"


/*
 * Parses RFC 3339, YYYY-MM-DD (local midnight), +N and one of s, m, h, d, w,
 * y (from now), @UNIX, or "now"; *when is Unix seconds.  Returns NULL, or a
 * static text that says why it is not a time.
 */

const char *time_parse(const char *text, uint32_t now, uint32_t *when);

/* Format Unix seconds by RFC 3339: in UTC, or in local time with offset. */

void time_utc(uint32_t when, char text[TIME_TEXT]);
void time_local(uint32_t when, char text[TIME_TEXT]);


#endif /* _TIME_TEXT_H_INCLUDED_ */
