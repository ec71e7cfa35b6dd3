
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/tokens.h"
#include "paylock_timeline.h"
#include "paylockd/query.h"
#include "records/effective_state.h"


#define QUERY_LITERAL  256


/* A site that matches, and what it is sorted by. */

typedef struct {
    uint32_t       key;
    const char    *host;
    const site_t  *site;
} query_row_t;


/* The page so far: a heap, with the row on top that goes first. */

typedef struct {
    const query_t  *query;
    char            literal[QUERY_LITERAL];   /* in each name that matches */
    query_row_t     behind;            /* the cursor; host NULL: none */
    query_row_t     row[QUERY_LIMIT + 1];
    size_t          n;
} query_heap_t;


static void query_literal(const char *match, char literal[QUERY_LITERAL]);
static int query_cursor(const query_t *query, query_row_t *row, char *host,
    error_info_t *error);
static int query_matches(const query_heap_t *h, const site_t *site,
    const effective_state_t *state);
static int query_member(const site_t *site, const char *name,
    const char *value);
static uint32_t query_key(const query_t *query,
    const effective_state_t *state);
static int query_compare(const query_t *query, const query_row_t *one,
    const query_row_t *two);
static void query_push(query_heap_t *h, const query_row_t *row);
static void query_sink(query_heap_t *h);
static query_row_t query_pop(query_heap_t *h);
static int query_fill(query_heap_t *h, query_page_t *page,
    error_info_t *error);


int
query_run(const store_t *s, const query_t *query, query_page_t *page,
    error_info_t *error)
{
    int                 status;
    char                host[QUERY_CURSOR];
    size_t              i;
    query_row_t         row;
    query_heap_t       *h;
    effective_state_t   state;

    memset(page, 0, sizeof(query_page_t));
    h = malloc(sizeof(query_heap_t));

    if (h == NULL) {
        return error_no_memory(error);
    }

    h->query = query;
    h->n = 0;
    query_literal(query->match, h->literal);

    status = query_cursor(query, &h->behind, host, error);

    for (i = 0; i < s->n && status == STATUS_DONE; i++) {
        row.site = s->site[i];
        row.host = site_host(row.site);
        state = effective_state_parsed(&row.site->rec, query->now);

        if (!query_matches(h, row.site, &state)) {
            continue;
        }

        page->total++;
        row.key = query_key(query, &state);

        if (h->behind.host == NULL
            || query_compare(query, &h->behind, &row) < 0)
        {
            query_push(h, &row);
        }
    }

    if (status == STATUS_DONE) {
        status = query_fill(h, page, error);
    }

    free(h);

    return status;
}


/* The longest part of a pattern that stands for itself. */

static void
query_literal(const char *match, char literal[QUERY_LITERAL])
{
    size_t       len, best;
    const char  *p;

    literal[0] = '\0';
    best = 0;

    /* within brackets, and behind a backslash, nothing does */

    if (match == NULL || strpbrk(match, "[\\")) {
        return;
    }

    for (p = match; *p; p += len + (p[len] != '\0')) {
        len = strcspn(p, "*?");

        if (len > best && len < QUERY_LITERAL) {
            best = len;
            memcpy(literal, p, len);
            literal[len] = '\0';
        }
    }
}


static int
query_cursor(const query_t *query, query_row_t *row, char *host,
    error_info_t *error)
{
    char      *end;
    uint64_t   key;

    row->host = NULL;
    row->site = NULL;

    if (query->cursor == NULL) {
        return STATUS_DONE;
    }

    key = strtoull(query->cursor, &end, 10);

    if (!isdigit((unsigned char) query->cursor[0]) || *end != '-'
        || key > UINT32_MAX || strlen(end + 1) >= QUERY_CURSOR)
    {
        return error_set(error, STATUS_USAGE, "cursor",
                         "give the \"next\" of the page before, or none",
                         "the cursor is none");
    }

    strcpy(host, end + 1);
    row->key = (uint32_t) key;
    row->host = host;

    return STATUS_DONE;
}


/* What costs least is looked at first. */

static int
query_matches(const query_heap_t *h, const site_t *site,
    const effective_state_t *state)
{
    const char     *host;
    const query_t  *q;

    q = h->query;
    host = site_host(site);

    if (q->stage && strcmp(q->stage, state->stage) != 0) {
        return 0;
    }

    if (q->planned_before
        && (state->next_stage == NULL || state->next >= q->planned_before))
    {
        return 0;
    }

    if (q->q && memmem(host, site->host_len, q->q, strlen(q->q)) == NULL) {
        return 0;
    }

    if (q->match
        && (memmem(host, site->host_len, h->literal, strlen(h->literal)) == NULL
            || fnmatch(q->match, host, 0) != 0))
    {
        return 0;
    }

    /* with one hold it is the billing one, and the host closed or to be */

    if (q->hold
        && (strcmp(q->hold, "billing") != 0
            || (strcmp(state->stage, "open") == 0 && state->next_stage == NULL)
            || strcmp(state->stage, "default") == 0))
    {
        return 0;
    }

    return (q->ref == NULL || query_member(site, "ref", q->ref))
           && (q->invoice == NULL || query_member(site, "invoice", q->invoice))
           && (json_array_size(q->hosts) == 0
               || token_covers(q->hosts, host));
}


static int
query_member(const site_t *site, const char *name, const char *value)
{
    int          is;
    json_t      *record;
    const char  *text, *why;

    /* an escape may stand for anything */

    if (memmem(site_record(site), site->record_len, value, strlen(value))
        == NULL
        && memchr(site_record(site), '\\', site->record_len) == NULL)
    {
        return 0;
    }

    record = paylock_record_load(site_record(site), site->record_len, &why);
    text = json_string_value(json_object_get(record, name));
    is = text && strcmp(text, value) == 0;
    json_decref(record);

    return is;
}


/* What has none comes last. */

static uint32_t
query_key(const query_t *query, const effective_state_t *state)
{
    uint32_t  key;

    key = query->sort == QUERY_SINCE ? state->since
          : query->sort == QUERY_NEXT && state->next_stage ? state->next : 0;

    return query->sort != QUERY_HOST && key == 0 && !query->desc ? UINT32_MAX
                                                                 : key;
}


/* Below 0: one comes before two. */

static int
query_compare(const query_t *query, const query_row_t *one,
    const query_row_t *two)
{
    int  order;

    order = one->key != two->key ? (one->key < two->key ? -1 : 1)
                                 : strcmp(one->host, two->host);

    return query->desc ? -order : order;
}


/* Keeps the first ones, and one more, which tells of another page. */

static void
query_push(query_heap_t *h, const query_row_t *row)
{
    size_t  i, up;

    if (h->n == h->query->limit + 1) {

        if (query_compare(h->query, row, &h->row[0]) < 0) {
            h->row[0] = *row;
            query_sink(h);
        }

        return;
    }

    for (i = h->n++; i; i = up) {
        up = (i - 1) / 2;

        if (query_compare(h->query, row, &h->row[up]) < 0) {
            break;
        }

        h->row[i] = h->row[up];
    }

    h->row[i] = *row;
}


static void
query_sink(query_heap_t *h)
{
    size_t       i, child;
    query_row_t  row;

    row = h->row[0];

    for (i = 0; (child = 2 * i + 1) < h->n; i = child) {

        if (child + 1 < h->n
            && query_compare(h->query, &h->row[child + 1], &h->row[child]) > 0)
        {
            child++;
        }

        if (query_compare(h->query, &h->row[child], &row) < 0) {
            break;
        }

        h->row[i] = h->row[child];
    }

    h->row[i] = row;
}


static query_row_t
query_pop(query_heap_t *h)
{
    query_row_t  last;

    last = h->row[0];
    h->row[0] = h->row[--h->n];
    query_sink(h);

    return last;
}


/* The last ones come first. */

static int
query_fill(query_heap_t *h, query_page_t *page, error_info_t *error)
{
    int           more;
    json_t       *site;
    query_row_t   row;

    page->data = json_array();
    more = h->n > h->query->limit;

    if (more) {
        (void) query_pop(h);
    }

    if (more && h->n) {
        (void) snprintf(page->next, sizeof(page->next), "%" PRIu32 "-%s",
                        h->row[0].key, h->row[0].host);
    }

    while (h->n) {
        row = query_pop(h);
        site = query_site(row.site, h->query->now);

        if (json_array_insert_new(page->data, 0, site) != 0) {
            json_decref(page->data);
            return error_no_memory(error);
        }
    }

    return STATUS_DONE;
}


json_t *
query_site(const site_t *site, uint32_t now)
{
    json_t        *record, *object;
    const char    *why;
    state_host_t   h;

    record = paylock_record_load(site_record(site), site->record_len, &why);

    h.host = site_host(site);
    h.match = h.host;
    h.record = record;
    h.other = NULL;

    object = effective_state_json(&h, now);
    json_decref(record);

    return object;
}
