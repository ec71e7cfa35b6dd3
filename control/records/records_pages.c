
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "records/records_pages.h"


#define PAGES_COUNT  "1000"
#define PAGES_SPARE  65536             /* as the hash may grow meanwhile */
#define PAGES_PARTS  65536             /* of a page */
#define PAGES_BYTES  (128u << 20)
#define PAGES_FIRST  (512 * 1024)
#define PAGES_LINE   12                /* bytes of a length and its CR LF */


typedef enum {
    PAGES_BEGIN = 0,
    PAGES_CURSOR,
    PAGES_PAIRS,
    PAGES_STRINGS
} pages_stage_e;


typedef struct {
    control_t              *ctl;
    const records_pages_t  *pages;
    uint64_t                seen;
    records_page_t         *page;      /* being read */
    unsigned                asked:1;   /* for what comes after it */
} pages_t;


static int pages_all(pages_t *p, uint64_t n);
static int pages_read(pages_t *p);
static int pages_receive(pages_t *p, long long *deadline);
static int pages_ask(pages_t *p, const char *cursor);
static int pages_turn(pages_t *p);
static int pages_refused(pages_t *p);
static int pages_strange(control_t *ctl);
static int page_reserve(records_page_t *page, size_t size);
static int page_parse(records_page_t *page);
static int page_number(records_page_t *page, char type, size_t *n);
static int page_string(records_page_t *page, records_part_t *part);
static int page_cursor(records_page_t *page);
static int page_pairs(records_page_t *page);
static int page_strings(records_page_t *page);


int
records_pages(control_t *ctl, uint64_t *n, const records_pages_t *pages)
{
    int      status;
    pages_t  p;

    if (redis_number(ctl->redis, "HLEN", ctl->settings.locks, n) != 0) {
        return ctl->error.status;
    }

    memset(&p, 0, sizeof(pages_t));
    p.ctl = ctl;
    p.pages = pages;

    status = pages_all(&p, *n);

    if (p.page) {
        records_page_free(p.page);
    }

    return status;
}


static int
pages_all(pages_t *p, uint64_t n)
{
    control_t  *ctl;

    ctl = p->ctl;

    if (pages_ask(p, "0") != STATUS_DONE) {
        return ctl->error.status;
    }

    while (p->asked) {

        if (n > UINT32_MAX || p->seen > 4 * n + PAGES_SPARE) {
            return error_set(&ctl->error, STATUS_FAILED, "protocol",
                             "is this the address of a Redis?",
                             "Redis at %s comes to no end with %" PRIu64
                             " records", ctl->settings.where, n);
        }

        if (pages_turn(p) != STATUS_DONE || pages_read(p) != STATUS_DONE) {
            return ctl->error.status;
        }
    }

    p->pages->give(p->pages->data, p->page);
    p->page = NULL;

    return STATUS_DONE;
}


/* Reads a page.  Redis makes the next one while this one still comes. */

static int
pages_read(pages_t *p)
{
    int              rc;
    long long        deadline;
    records_page_t  *page;

    page = p->page;
    deadline = 0;
    p->asked = 0;

    for ( ;; ) {
        rc = page_parse(page);

        if (page->stage > PAGES_CURSOR && !p->asked
            && strcmp(page->cursor, "0") != 0
            && pages_ask(p, page->cursor) != STATUS_DONE)
        {
            return p->ctl->error.status;
        }

        if (rc != 0) {
            break;
        }

        if (pages_receive(p, &deadline) != STATUS_DONE) {
            return p->ctl->error.status;
        }
    }

    p->seen += 1 + page->n / 2;

    if (rc == 1) {
        redis_received(p->ctl->redis);
        return STATUS_DONE;
    }

    return page->stage == PAGES_BEGIN ? pages_refused(p)
                                      : pages_strange(p->ctl);
}


static int
pages_receive(pages_t *p, long long *deadline)
{
    size_t           n;
    records_page_t  *page;

    page = p->page;

    if (page->len >= PAGES_BYTES) {
        return pages_strange(p->ctl);
    }

    if (page_reserve(page, page->len + 1) != 0) {
        return control_no_memory(p->ctl);
    }

    if (redis_recv(p->ctl->redis, page->data + page->len,
                   page->size - page->len, &n, deadline)
        != 0)
    {
        return p->ctl->error.status;
    }

    page->len += n;

    return STATUS_DONE;
}


static int
pages_ask(pages_t *p, const char *cursor)
{
    redis_conn_t  *redis;

    redis = p->ctl->redis;
    p->asked = 1;

    return redis_queue(redis, "HSCAN", p->ctl->settings.locks, cursor, "COUNT",
                       PAGES_COUNT, NULL) == 0 && redis_send(redis) == 0
           ? STATUS_DONE : p->ctl->error.status;
}


/* Gives a full page away; what came behind it begins the next one. */

static int
pages_turn(pages_t *p)
{
    size_t           rest;
    records_page_t  *full, *page;

    full = p->page;
    rest = full ? full->len - full->at : 0;
    page = p->pages->take(p->pages->data);

    if (page == NULL) {
        return p->ctl->error.status;
    }

    page->len = rest;
    page->n = 0;
    page->at = 0;
    page->stage = PAGES_BEGIN;
    p->page = page;

    if (page_reserve(page, rest + 1) != 0) {
        if (full) {
            records_page_free(full);
        }

        return control_no_memory(p->ctl);
    }

    if (full) {
        memcpy(page->data, full->data + full->at, rest);
        p->pages->give(p->pages->data, full);
    }

    return STATUS_DONE;
}


/* An error of Redis, which says more than that it is no list. */

static int
pages_refused(pages_t *p)
{
    redisReply  *reply;

    if (redis_unread(p->ctl->redis, p->page->data, p->page->len) != 0) {
        return p->ctl->error.status;
    }

    reply = redis_expect(p->ctl->redis, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return p->ctl->error.status;
    }

    freeReplyObject(reply);

    return pages_strange(p->ctl);
}


static int
pages_strange(control_t *ctl)
{
    return error_set(&ctl->error, STATUS_FAILED, "protocol",
                     "is this the address of a Redis?",
                     "Redis at %s gave an answer to HSCAN of an unexpected "
                     "form", ctl->settings.where);
}


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


static int
page_reserve(records_page_t *page, size_t size)
{
    char    *data;
    size_t   room;

    if (size <= page->size) {
        return 0;
    }

    for (room = PAGES_FIRST; room < size; room *= 2) { /* void */ }

    data = realloc(page->data, room);

    if (data == NULL) {
        return -1;
    }

    page->data = data;
    page->size = room;

    return 0;
}


/*
 * Goes on with what has come: [cursor, [host, record, …]].  Returns 1 at the
 * end of the reply, 0 if there is more to come, -1 if it is of another form.
 */

static int
page_parse(records_page_t *page)
{
    int     rc;
    size_t  n;

    rc = 1;

    if (page->stage == PAGES_BEGIN) {
        rc = page_number(page, '*', &n);

        if (rc == 1 && n != 2) {
            return -1;
        }

        page->stage += rc == 1;
    }

    if (rc == 1 && page->stage == PAGES_CURSOR) {
        rc = page_cursor(page);
    }

    if (rc == 1 && page->stage == PAGES_PAIRS) {
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

    page->stage = PAGES_PAIRS;

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

    if (page->due % 2 || page->due > PAGES_PARTS) {
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

    page->stage = PAGES_STRINGS;

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
        return n > PAGES_BYTES ? -1 : 0;
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

        if (i == PAGES_LINE - 2) {
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
