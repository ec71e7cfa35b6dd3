
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads all records in pages, without an object for each string: for a million
 * of them that is what takes the time.
 */


#ifndef _RECORDS_PAGES_H_INCLUDED_
#define _RECORDS_PAGES_H_INCLUDED_


#include "context/control.h"


#define RECORDS_CURSOR  24


/* A string of the reply. */

typedef struct {
    uint32_t          at;
    uint32_t          len;
} records_part_t;


typedef struct records_page_s  records_page_t;


struct records_page_s {
    records_page_t   *next;            /* for the caller */

    char             *data;            /* the reply, as it came */
    size_t            len;
    size_t            size;

    records_part_t   *part;            /* host, record, host, … */
    size_t            n;

    /* while it is parsed */

    size_t            at;
    size_t            room;
    size_t            due;             /* parts of the reply */
    char              cursor[RECORDS_CURSOR];
    unsigned          stage;
};


/* Where empty pages come from (NULL: failed), and where full ones go. */

typedef struct {
    records_page_t  *(*take)(void *data);
    void             (*give)(void *data, records_page_t *page);
    void              *data;
} records_pages_t;


/*
 * Reads all records, as records_scan() does: some may come twice.  A page that
 * was not given back is freed.  Returns a status.
 */

int records_pages(control_t *ctl, uint64_t *n, const records_pages_t *pages);

records_page_t *records_page_create(void);
void records_page_free(records_page_t *page);


#endif /* _RECORDS_PAGES_H_INCLUDED_ */
