
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The body of the locked answer, made of page/page.html and page/texts.txt,
 * which are built in.  Pages are put together when the configuration is read:
 * a request only concatenates their parts.
 */


#ifndef _PAYLOCK_PAGE_H_INCLUDED_
#define _PAYLOCK_PAGE_H_INCLUDED_


#include <stddef.h>

#include "paylock_negotiate.h"
#include "paylock_page_date.h"
#include "paylock_str.h"


#define PAYLOCK_PAGE_PARTS      16
#define PAYLOCK_PAGE_LANGUAGES  16


typedef enum {
    PAYLOCK_PART_TEXT = 0,             /* always shown */
    PAYLOCK_PART_REF_TEXT,             /* shown if there is a ref */
    PAYLOCK_PART_REF,                  /* the ref, which needs no escaping */
    PAYLOCK_PART_UNTIL_TEXT,           /* shown if an opening is planned */
    PAYLOCK_PART_UNTIL,                /* its date, by paylock_page_date() */
    PAYLOCK_PART_CONTACT               /* by paylock_contact() */
} paylock_part_e;


typedef struct {
    paylock_part_e  kind;
    paylock_str_t   text;
} paylock_part_t;


typedef struct {
    paylock_part_t       part[PAYLOCK_PAGE_PARTS];
    size_t               n;
    size_t               size;         /* at most, without the contact */
    paylock_page_date_t  date;
} paylock_page_t;


typedef struct {
    paylock_format_e  format;
    size_t            language;        /* index in paylock_page_languages() */
    unsigned          status;          /* 402, 403 or 503: in problem+json */
    unsigned          discreet:1;      /* no ref, no date, no contact */
    unsigned          contact:1;       /* there is one */
} paylock_page_options_t;


/*
 * The tags of the *n languages (lower-case primary subtags) in the order of
 * page/texts.txt; the first is the default.  Memory comes from alloc(ctx, size)
 * and is the caller's.  NULL when out of memory, or if the built-in texts are
 * broken, which a unit test rules out.
 */

const char *const *paylock_page_languages(size_t *n,
    void *(*alloc)(void *ctx, size_t size), void *ctx);

/*
 * Puts a page together.  Memory for its texts comes from alloc(ctx, size) and
 * is the caller's.  Returns 0, or -1 when out of memory or if the built-in
 * files are broken.  PAYLOCK_FORMAT_NONE has no parts.
 */

int paylock_page_build(paylock_page_t *page,
    const paylock_page_options_t *options,
    void *(*alloc)(void *ctx, size_t size), void *ctx);


#endif /* _PAYLOCK_PAGE_H_INCLUDED_ */
