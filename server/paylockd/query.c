
/*
 * Copyright (C) 2026 paylock contributors
 */


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
#define QUERY_AHEAD    16              /* sites that are fetched meanwhile */
#define QUERY_LINE     64              /* bytes that are fetched at once */


/*
 * A site that matches, and what it is sorted by: at first by key, then by host,
 * as the store is.  place is 2 * index + 1; even is what is between two sites.
 */

typedef struct {
    uint32_t       key;
    size_t         place;
} query_row_t;


/* The page so far: a heap, with the row on top that goes first. */

typedef struct {
    const store_t  *store;
    const query_t  *query;
    char            literal[QUERY_LITERAL];   /* in each name that matches */
    uint32_t        invoice;           /* store_hash() of what is asked for */
    uint32_t        ref;
    unsigned        all:1;             /* there is nothing to match */
    unsigned        timed:1;           /* the present state is asked for */
    unsigned        cursor:1;
    query_row_t     behind;            /* ... which is this */
    query_row_t     row[QUERY_LIMIT + 1];
    size_t          n;
} query_heap_t;


static void query_literal(const char *match, char literal[QUERY_LITERAL]);
static int query_begin(query_heap_t *h, error_info_t *error);
static int query_cursor(query_heap_t *h, error_info_t *error);
static size_t query_look(query_heap_t *h, size_t i);
static void query_fetch(const store_t *s, size_t i, int back);
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
    int            status, back;
    size_t         i, n;
    query_heap_t  *h;

    memset(page, 0, sizeof(query_page_t));
    h = malloc(sizeof(query_heap_t));

    if (h == NULL) {
        return error_no_memory(error);
    }

    h->store = s;
    h->query = query;

    status = query_begin(h, error);
    back = query->desc;

    /* what comes first is the first to be found, if keys are the same */

    for (n = 0; n < s->n && status == STATUS_DONE; n++) {

        if (h->all && query->sort == QUERY_HOST && h->n == query->limit + 1) {
            page->total = s->n;
            break;
        }

        i = back ? s->n - 1 - n : n;
        query_fetch(s, i, back);
        page->total += query_look(h, i);
    }

    if (status == STATUS_DONE) {
        status = query_fill(h, page, error);
    }

    free(h);

    return status;
}


static int
query_begin(query_heap_t *h, error_info_t *error)
{
    const query_t  *q;

    q = h->query;
    h->n = 0;

    h->timed = q->stage || q->planned_before || q->hold
               || q->sort != QUERY_HOST;
    h->all = q->q == NULL && q->match == NULL && q->stage == NULL
             && q->invoice == NULL && q->ref == NULL && q->hold == NULL
             && q->planned_before == 0 && json_array_size(q->hosts) == 0;

    h->invoice = store_hash(q->invoice);
    h->ref = store_hash(q->ref);
    query_literal(q->match, h->literal);

    return query_cursor(h, error);
}


/* A site is anywhere in memory, and its host in the second line of it. */

static void
query_fetch(const store_t *s, size_t i, int back)
{
    size_t       line;
    const char  *site;

    if (back ? i < QUERY_AHEAD : i + QUERY_AHEAD >= s->n) {
        return;
    }

    site = (const char *) s->site[back ? i - QUERY_AHEAD : i + QUERY_AHEAD];

    for (line = 0; line < 2; line++) {
        __builtin_prefetch(site + line * QUERY_LINE);
    }
}


/* Does it match?  If it is behind the cursor, it may be on the page. */

static size_t
query_look(query_heap_t *h, size_t i)
{
    const site_t       *site;
    query_row_t         row;
    effective_state_t   state;

    site = h->store->site[i];
    memset(&state, 0, sizeof(effective_state_t));

    if (h->timed) {
        state = store_state(site, h->query->now);
    }

    if (!query_matches(h, site, &state)) {
        return 0;
    }

    row.place = 2 * i + 1;
    row.key = h->timed ? query_key(h->query, &state) : 0;

    if (!h->cursor || query_compare(h->query, &h->behind, &row) < 0) {
        query_push(h, &row);
    }

    return 1;
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


/* The site that the cursor names may be gone by now. */

static int
query_cursor(query_heap_t *h, error_info_t *error)
{
    char        *end;
    size_t       at;
    uint64_t     key;
    const char  *cursor;

    cursor = h->query->cursor;
    h->cursor = cursor != NULL;

    if (cursor == NULL) {
        return STATUS_DONE;
    }

    key = strtoull(cursor, &end, 10);

    if (!isdigit((unsigned char) *cursor) || *end != '-' || key > UINT32_MAX
        || strlen(end + 1) >= QUERY_CURSOR)
    {
        return error_set(error, STATUS_USAGE, "cursor",
                         "give the \"next\" of the page before, or none",
                         "the cursor is none");
    }

    at = store_from(h->store, end + 1);

    h->behind.key = (uint32_t) key;
    h->behind.place = 2 * at
                      + (at < h->store->n
                         && strcmp(site_host(h->store->site[at]), end + 1)
                            == 0);

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

    if (q->q && strstr(host, q->q) == NULL) {
        return 0;
    }

    if (q->match
        && (strstr(host, h->literal) == NULL
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

    return (q->ref == NULL
            || (site->ref == h->ref && query_member(site, "ref", q->ref)))
           && (q->invoice == NULL
               || (site->invoice == h->invoice
                   && query_member(site, "invoice", q->invoice)))
           && (json_array_size(q->hosts) == 0
               || token_covers(q->hosts, host));
}


static int
query_member(const site_t *site, const char *name, const char *value)
{
    int          is;
    json_t      *record;
    const char  *text, *why;

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
            : one->place != two->place ? (one->place < two->place ? -1 : 1)
            : 0;

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
    int            more;
    json_t        *object;
    const site_t  *site;

    page->data = json_array();
    more = h->n > h->query->limit;

    if (more) {
        (void) query_pop(h);
    }

    if (more && h->n) {
        (void) snprintf(page->next, sizeof(page->next), "%" PRIu32 "-%s",
                        h->row[0].key,
                        site_host(h->store->site[h->row[0].place / 2]));
    }

    while (h->n) {
        site = h->store->site[query_pop(h).place / 2];
        object = query_site(site, h->query->now);

        if (json_array_insert_new(page->data, 0, object) != 0) {
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
