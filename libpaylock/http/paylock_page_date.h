
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Dates on the locked page: in UTC, as a language writes them.
 */


#ifndef _PAYLOCK_PAGE_DATE_H_INCLUDED_
#define _PAYLOCK_PAGE_DATE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "paylock_str.h"


/* more than any date takes */

#define PAYLOCK_PAGE_DATE  96


#define PAYLOCK_DATE_MARKERS  4        /* day, month, year, time */


typedef struct {
    paylock_str_t  before[PAYLOCK_DATE_MARKERS];
    char           marker[PAYLOCK_DATE_MARKERS];  /* what it begins with */
    paylock_str_t  after;
    paylock_str_t  month[12];
    paylock_str_t  first;              /* day 1, such as "1er" */
    unsigned       rfc3339:1;          /* for programs; ignore all above */
} paylock_page_date_t;


/*
 * Reads from the texts of a language how to write a date.  Returns 0, or -1 if
 * a text is missing or wrong: a pattern without day, month, year, time or
 * UTC, other than twelve months, a text that is too long or would need
 * escaping.
 */

int paylock_page_date_read(paylock_page_date_t *date, paylock_str_t texts);

/*
 * Writes the moment to dst; for people rounded up to a full minute, so that
 * nobody comes too early.  Returns the length, at most PAYLOCK_PAGE_DATE.
 */

size_t paylock_page_date(char *dst, const paylock_page_date_t *date,
    uint32_t when);


#endif /* _PAYLOCK_PAGE_DATE_H_INCLUDED_ */
