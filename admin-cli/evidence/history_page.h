
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The pages of an evidence bundle: the entries in HTML, one page for each
 * language of files/texts.txt.
 */


#ifndef _HISTORY_PAGE_H_INCLUDED_
#define _HISTORY_PAGE_H_INCLUDED_


#include <stdio.h>

#include "evidence/template.h"
#include "trail/export.h"


typedef struct {
    const verify_t  *verify;
    FILE            *f;
    template_t       template;
    paylock_str_t    lang;
    paylock_str_t    event;            /* template of an entry */
    paylock_str_t    field;            /* ... of each of its fields */
    paylock_str_t    event_rest;       /* ... of the end of an entry */
    paylock_str_t    rest;             /* ... of the end of the page */
} history_page_t;


/* Sets *lang to the tag of language i.  Returns 1, or 0 if there is none. */

int history_page_language(size_t i, paylock_str_t *lang);

/*
 * Write the beginning of the page, an entry, the end of the page with the keys
 * that signed.  Return 0, or
 * -1 when out of memory; for other errors see ferror().
 */

int history_page_begin(history_page_t *page, size_t language, FILE *f,
    const verify_t *c, const export_t *x);
int history_page_entry(history_page_t *page, const paylock_entry_t *e);
int history_page_end(history_page_t *page, const paylock_keyring_t *keys);


#endif /* _HISTORY_PAGE_H_INCLUDED_ */
