/*
 * Copyright (C) 2026 paylock contributors
 *
 * The page as a request puts it together.
 */


#ifndef _PAGE_H_INCLUDED_
#define _PAGE_H_INCLUDED_


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "paylock_page.h"


#define LIMIT  6144                    /* a page is smaller than that */
#define UNTIL  1793523600              /* 2026-11-01 09:00 UTC */


typedef struct {
    paylock_page_options_t   options;
    paylock_str_t            contact;
    const char              *ref;
    uint32_t                 until;
    char                     text[2 * LIMIT];
    size_t                   len;
} page_t;


typedef struct {
    void    *block[8];
    size_t   n;
    size_t   refuse;                   /* this call, counted from one */
} memory_t;


enum {
    NO_CONTACT, MAIL, MAIL_QUERY, LINK, PHONE, PLAIN, SCRIPT,
    BROKEN,                            /* JSON, control characters, UTF-8 */
    CONTACTS
};

extern const char *const  contacts[CONTACTS];


/* allocates for paylock_page_build() and the like; m->refuse makes it fail */
void *take(void *ctx, size_t size);
void give_back(memory_t *m);

/* how many languages there are */
size_t languages(void);

/* fills text and len from the rest */
void render(page_t *p);

void assert_has(const page_t *p, const char *what);
/* in neither case */
void assert_has_not(const page_t *p, const char *what);


#endif /* _PAGE_H_INCLUDED_ */
