
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The body of the locked answer.  The page is page/page.html, the words are
 * page/texts.txt: both are embedded at build time and put together when the
 * configuration is read, so that a request only strings ready parts.
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
    PAYLOCK_PART_TEXT = 0,             /* always, as it is */
    PAYLOCK_PART_REF_TEXT,             /* as it is, only if there is a ref */
    PAYLOCK_PART_REF,                  /* the ref itself: needs no escaping */
    PAYLOCK_PART_UNTIL_TEXT,           /* ... only if an opening is planned */
    PAYLOCK_PART_UNTIL,                /* its date, see paylock_page_date() */
    PAYLOCK_PART_CONTACT               /* see paylock_contact() */
} paylock_part_e;


typedef struct {
    paylock_part_e  kind;
    paylock_str_t   text;
} paylock_part_t;


typedef struct {
    paylock_part_t       part[PAYLOCK_PAGE_PARTS];
    size_t               n;
    size_t               size;         /* of it all, without the contact */
    paylock_page_date_t  date;
} paylock_page_t;


typedef struct {
    paylock_format_e  format;
    size_t            language;        /* index in paylock_page_languages() */
    unsigned          status;          /* 402, 403 or 503: in problem+json */
    unsigned          discreet:1;      /* no ref, no date, no contact */
    unsigned          contact:1;       /* the site's owner is given one */
} paylock_page_options_t;


/*
 * The tags of the languages there are, lower-case primary subtags, in the
 * order of page/texts.txt, the first being the default; *n their number.
 * Memory comes from alloc(ctx, size) and is the caller's.  NULL when out of
 * memory, or if the embedded texts are broken, which a unit test rules out.
 */

const char *const *paylock_page_languages(size_t *n,
    void *(*alloc)(void *ctx, size_t size), void *ctx);

/*
 * Puts a page together.  Memory for its texts comes from alloc(ctx, size)
 * and is the caller's.  Returns 0, or -1 when out of memory or if what is
 * embedded is broken.  PAYLOCK_FORMAT_NONE gives no parts.
 */

int paylock_page_build(paylock_page_t *page,
    const paylock_page_options_t *options,
    void *(*alloc)(void *ctx, size_t size), void *ctx);


#endif /* _PAYLOCK_PAGE_H_INCLUDED_ */
