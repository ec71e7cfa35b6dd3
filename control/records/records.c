
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>

#include "records/records.h"
#include "records/records_pages.h"


typedef struct {
    control_t        *ctl;
    records_each_pt   each;
    void             *data;
    records_page_t   *empty;
} records_scan_t;


static records_page_t *records_take(void *data);
static int records_give(void *data, records_page_t *page);
static void records_string(const records_page_t *page, size_t i,
    paylock_str_t *s);


int
records_scan(control_t *ctl, uint64_t *n, records_each_pt each, void *data)
{
    return records_some(ctl, 0, n, each, data);
}


int
records_some(control_t *ctl, uint64_t enough, uint64_t *n,
    records_each_pt each, void *data)
{
    int              status;
    records_page_t  *page;

    records_scan_t   scan = { .ctl = ctl, .each = each, .data = data };
    records_pages_t  pages = { .take = records_take, .give = records_give,
                               .data = &scan, .enough = enough };

    status = records_pages(ctl, n, &pages);

    while (scan.empty) {
        page = scan.empty;
        scan.empty = page->next;
        records_page_free(page);
    }

    return status;
}


static records_page_t *
records_take(void *data)
{
    records_page_t  *page;
    records_scan_t  *scan;

    scan = data;

    if (scan->empty) {
        page = scan->empty;
        scan->empty = page->next;
        return page;
    }

    page = records_page_create();

    if (page == NULL) {
        (void) control_no_memory(scan->ctl);
    }

    return page;
}


static int
records_give(void *data, records_page_t *page)
{
    int              status;
    size_t           i;
    paylock_str_t    host, value;
    records_scan_t  *scan;

    scan = data;
    status = STATUS_DONE;

    for (i = 0; i < page->n && status == STATUS_DONE; i += 2) {
        records_string(page, i, &host);
        records_string(page, i + 1, &value);

        status = scan->each(scan->data, &host, &value);
    }

    page->next = scan->empty;
    scan->empty = page;

    return status;
}


/* Its CR is behind it, where a C string has a zero. */

static void
records_string(const records_page_t *page, size_t i, paylock_str_t *s)
{
    s->data = page->data + page->part[i].at;
    s->len = page->part[i].len;

    page->data[page->part[i].at + s->len] = '\0';
}
