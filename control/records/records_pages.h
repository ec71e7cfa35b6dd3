
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads all records, in pages.
 */


#ifndef _RECORDS_PAGES_H_INCLUDED_
#define _RECORDS_PAGES_H_INCLUDED_


#include "context/control.h"
#include "records/records_page.h"


/*
 * Where empty pages come from (NULL: failed), and where full ones go, in any
 * case; returns a status.
 */

typedef struct {
    records_page_t  *(*take)(void *data);
    int              (*give)(void *data, records_page_t *page);
    void              *data;
    uint64_t           enough;         /* records to read; 0: all */
} records_pages_t;


/*
 * Reads the records: some may come twice, and up to a page more than enough.
 * *n is the number of all at the beginning.
 * A page that was not given back is freed.  Returns a status.
 */

int records_pages(control_t *ctl, uint64_t *n, const records_pages_t *pages);


#endif /* _RECORDS_PAGES_H_INCLUDED_ */
