
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "records/records_pages.h"


#define PAGES_COUNT  "1000"
#define PAGES_SPARE  65536             /* as the hash may grow meanwhile */


typedef struct {
    control_t              *ctl;
    const records_pages_t  *pages;
    uint64_t                seen;
    records_page_t         *page;      /* being read */
    unsigned                asked:1;   /* for what comes after it */
} pages_t;


static int pages_all(pages_t *p, uint64_t n);
static int pages_limit(const pages_t *p, uint64_t n);
static int pages_read(pages_t *p);
static int pages_receive(pages_t *p, long long *deadline);
static int pages_ask(pages_t *p, const char *cursor);
static int pages_turn(pages_t *p);
static void pages_stop(pages_t *p);
static int pages_refused(pages_t *p);
static int pages_strange(control_t *ctl);


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
    int              status;
    records_page_t  *page;

    status = pages_limit(p, n);

    if (status == STATUS_DONE) {
        status = pages_ask(p, "0");
    }

    while (status == STATUS_DONE && p->asked) {
        status = pages_turn(p);

        if (status == STATUS_DONE) {
            status = pages_read(p);
        }

        if (status == STATUS_DONE && p->asked) {
            status = pages_limit(p, n);
        }
    }

    if (status != STATUS_DONE) {
        return status;
    }

    page = p->page;
    p->page = NULL;

    return p->pages->give(p->pages->data, page);
}


/* A hostile server's HSCAN may never end. */

static int
pages_limit(const pages_t *p, uint64_t n)
{
    control_t  *ctl;

    ctl = p->ctl;

    if (n <= UINT32_MAX && p->seen <= 4 * n + PAGES_SPARE) {
        return STATUS_DONE;
    }

    return error_set(&ctl->error, STATUS_FAILED, "protocol",
                     "is this the address of a Redis?",
                     "Redis at %s %s %" PRIu64 " records", ctl->settings.where,
                     n > UINT32_MAX ? "counts more than there can be:"
                                    : "comes to no end with", n);
}


/* Reads a page.  Redis makes the next one while this one still comes. */

static int
pages_read(pages_t *p)
{
    int              rc, enough;
    long long        deadline;
    records_page_t  *page;

    page = p->page;
    deadline = 0;
    p->asked = 0;
    enough = p->pages->enough && p->seen >= p->pages->enough;

    for ( ;; ) {
        rc = records_page_parse(page);

        if (page->stage > RECORDS_PAGE_CURSOR && !p->asked && !enough
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

    return page->stage == RECORDS_PAGE_BEGIN ? pages_refused(p)
                                      : pages_strange(p->ctl);
}


static int
pages_receive(pages_t *p, long long *deadline)
{
    size_t           n;
    records_page_t  *page;

    page = p->page;

    if (page->len >= RECORDS_PAGE_MAX) {
        return pages_strange(p->ctl);
    }

    if (records_page_reserve(page, page->len + 1) != 0) {
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
    int              status;
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
    page->stage = RECORDS_PAGE_BEGIN;
    p->page = page;

    if (records_page_reserve(page, rest + 1) != 0) {
        if (full) {
            records_page_free(full);
        }

        return control_no_memory(p->ctl);
    }

    if (full == NULL) {
        return STATUS_DONE;
    }

    memcpy(page->data, full->data + full->at, rest);
    status = p->pages->give(p->pages->data, full);

    if (status != STATUS_DONE) {
        pages_stop(p);
    }

    return status;
}


/* Nobody wants the page that comes: another command may follow it. */

static void
pages_stop(pages_t *p)
{
    if (redis_unread(p->ctl->redis, p->page->data, p->page->len) == 0) {
        redis_drop(p->ctl->redis, 1);
    }
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
                     "form, or of over 1 GB", ctl->settings.where);
}
