
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "records/records_page.h"


#define PAGE_PARTS  65536              /* strings, at most */
#define PAGE_FIRST  (512 * 1024)
#define PAGE_LINE   12                 /* bytes of a length and its CR LF */


static int page_number(records_page_t *page, char type, size_t *n);
static int page_string(records_page_t *page, records_part_t *part);
static int page_cursor(records_page_t *page);
static int page_pairs(records_page_t *page);
static int page_strings(records_page_t *page);


records_page_t *
records_page_create(void)
{
    return calloc(1, sizeof(records_page_t));
}


void
records_page_free(records_page_t *page)
{
    free(page->data);
    free(page->part);
    free(page);
}


int
records_page_reserve(records_page_t *page, size_t size)
{
    char    *data;
    size_t   room;

    if (size <= page->size) {
        return 0;
    }

    for (room = PAGE_FIRST; room < size; room *= 2) { /* void */ }

    data = realloc(page->data, room);

    if (data == NULL) {
        return -1;
    }

    page->data = data;
    page->size = room;

    return 0;
}


int
records_page_parse(records_page_t *page)
{
    int     rc;
    size_t  n;

    rc = 1;

    if (page->stage == RECORDS_PAGE_BEGIN) {
        rc = page_number(page, '*', &n);

        if (rc == 1 && n != 2) {
            return -1;
        }

        page->stage += rc == 1;
    }

    if (rc == 1 && page->stage == RECORDS_PAGE_CURSOR) {
        rc = page_cursor(page);
    }

    if (rc == 1 && page->stage == RECORDS_PAGE_PAIRS) {
        rc = page_pairs(page);
    }

    return rc == 1 ? page_strings(page) : rc;
}


static int
page_cursor(records_page_t *page)
{
    int             rc;
    records_part_t  part;

    rc = page_string(page, &part);

    if (rc != 1) {
        return rc;
    }

    if (part.len == 0 || part.len >= RECORDS_CURSOR) {
        return -1;
    }

    memcpy(page->cursor, page->data + part.at, part.len);
    page->cursor[part.len] = '\0';

    if (strspn(page->cursor, "0123456789") != part.len) {
        return -1;
    }

    page->stage = RECORDS_PAGE_PAIRS;

    return 1;
}


static int
page_pairs(records_page_t *page)
{
    int              rc;
    records_part_t  *part;

    rc = page_number(page, '*', &page->due);

    if (rc != 1) {
        return rc;
    }

    if (page->due % 2 || page->due > PAGE_PARTS) {
        return -1;
    }

    if (page->due > page->room) {
        part = realloc(page->part, page->due * sizeof(records_part_t));

        if (part == NULL) {
            return -1;
        }

        page->part = part;
        page->room = page->due;
    }

    page->stage = RECORDS_PAGE_STRINGS;

    return 1;
}


static int
page_strings(records_page_t *page)
{
    int  rc;

    while (page->n < page->due) {
        rc = page_string(page, &page->part[page->n]);

        if (rc != 1) {
            return rc;
        }

        page->n++;
    }

    return 1;
}


/* A string that has not come to its end is taken from its beginning again. */

static int
page_string(records_page_t *page, records_part_t *part)
{
    int     rc;
    size_t  n, begin;

    begin = page->at;
    rc = page_number(page, '$', &n);

    if (rc != 1) {
        return rc;
    }

    if (page->len - page->at < n + 2) {
        page->at = begin;
        return n > RECORDS_PAGE_MAX ? -1 : 0;
    }

    if (memcmp(page->data + page->at + n, "\r\n", 2) != 0) {
        return -1;
    }

    part->at = (uint32_t) page->at;
    part->len = (uint32_t) n;
    page->at += n + 2;

    return 1;
}


static int
page_number(records_page_t *page, char type, size_t *n)
{
    size_t       i, left;
    const char  *p;

    p = page->data + page->at;
    left = page->len - page->at;

    if (left && *p != type) {
        return -1;
    }

    *n = 0;

    for (i = 1; i < left && p[i] >= '0' && p[i] <= '9'; i++) {

        if (i == PAGE_LINE - 2) {
            return -1;
        }

        *n = *n * 10 + (size_t) (p[i] - '0');
    }

    if (i + 1 < left) {

        if (i == 1 || p[i] != '\r' || p[i + 1] != '\n') {
            return -1;
        }

        page->at += i + 2;

        return 1;
    }

    return i < left && p[i] != '\r' ? -1 : 0;
}
