
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is in an evidence bundle for people to read: entries as a page of
 * HTML, one for each language of files/texts.txt.
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
    paylock_str_t    event;            /* the template of an entry */
    paylock_str_t    field;            /* ... of each of its fields */
    paylock_str_t    event_rest;       /* ... of what is behind these */
    paylock_str_t    rest;             /* behind them */
} history_page_t;


/*
 * Sets *lang to the tag of the i-th language.  Returns 1, 0 if there is none.
 */

int history_page_language(size_t i, paylock_str_t *lang);

/*
 * Writes what is before the entries, an entry, what is behind them; -1 when
 * out of memory.  Other errors are the file's.
 */

int history_page_begin(history_page_t *page, size_t language, FILE *f,
    const verify_t *c, const export_t *x);
int history_page_entry(history_page_t *page, const paylock_entry_t *e);
int history_page_end(history_page_t *page);


#endif /* _HISTORY_PAGE_H_INCLUDED_ */
