
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "paylock_host.h"
#include "paylockd/store.h"


static site_t *site_create(const char *host, size_t host_len,
    const char *record, size_t record_len);
static int site_prepare(site_t *site);
static void site_look(site_t *site, const paylock_record_t *rec, uint32_t now);
static int store_insert(store_t *s, size_t at, site_t *site);
static int store_compare(const void *one, const void *two);
static void store_unique(store_t *s);


int
store_init(store_t *s)
{
    int                   failed;
    pthread_rwlockattr_t  attr;

    memset(s, 0, sizeof(store_t));

    /* lists that are asked for all the time do not keep changes out */

    failed = pthread_rwlockattr_init(&attr) != 0
             || pthread_rwlockattr_setkind_np(&attr,
                    PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) != 0
             || pthread_rwlock_init(&s->lock, &attr) != 0;

    return failed ? -1 : 0;
}


const site_t *
store_find(const store_t *s, const char *host)
{
    size_t  at;

    at = store_from(s, host);

    return at < s->n && strcmp(site_host(s->site[at]), host) == 0
           ? s->site[at] : NULL;
}


size_t
store_from(const store_t *s, const char *host)
{
    size_t  low, high, middle;

    low = 0;
    high = s->loading ? 0 : s->n;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (strcmp(site_host(s->site[middle]), host) < 0) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


int
store_put(store_t *s, const char *host, size_t host_len, const char *record,
    size_t record_len)
{
    size_t   at;
    site_t  *site;

    if (paylock_host_check(host, host_len) != NULL) {
        return 0;
    }

    site = site_create(host, host_len, record, record_len);

    if (site == NULL) {
        return -1;
    }

    site->round = s->round;

    if (site_prepare(site) != 0) {
        store_remove(s, site_host(site));
        free(site);
        return 0;
    }

    if (s->loading) {
        return store_insert(s, s->n, site);
    }

    at = store_from(s, site_host(site));

    if (at == s->n || strcmp(site_host(s->site[at]), site_host(site)) != 0) {
        return store_insert(s, at, site);
    }

    free(s->site[at]);
    s->site[at] = site;

    return 0;
}


static site_t *
site_create(const char *host, size_t host_len, const char *record,
    size_t record_len)
{
    site_t  *site;

    site = malloc(sizeof(site_t) + host_len + record_len + 2);

    if (site) {
        site->host_len = (uint16_t) host_len;
        site->record_len = (uint32_t) record_len;
        memcpy(site_host(site), host, host_len);
        site_host(site)[host_len] = '\0';
        memcpy(site_record(site), record, record_len);
        site_record(site)[record_len] = '\0';
    }

    return site;
}


/* Returns -1 if it has no record. */

static int
site_prepare(site_t *site)
{
    json_t            *record;
    const char        *why;
    paylock_record_t   rec;

    if (paylock_record_parse(site_record(site), site->record_len, &rec)
        != NULL)
    {
        return -1;
    }

    record = paylock_record_load(site_record(site), site->record_len, &why);

    site->invoice = store_hash(json_string_value(json_object_get(record,
                                                                 "invoice")));
    site->ref = store_hash(json_string_value(json_object_get(record, "ref")));
    json_decref(record);

    site_look(site, &rec, (uint32_t) time(NULL));

    return 0;
}


/* The state is another one when the next time of the record comes. */

static void
site_look(site_t *site, const paylock_record_t *rec, uint32_t now)
{
    paylock_time_e  t;

    site->state = effective_state_parsed(rec, now);
    site->until = 0;

    for (t = 0; t < PAYLOCK_TIMES; t++) {
        if (paylock_record_has(rec, t) && rec->time[t] > now
            && (site->until == 0 || rec->time[t] < site->until))
        {
            site->until = rec->time[t];
        }
    }
}


uint32_t
store_hash(const char *text)
{
    return text ? XXH32(text, strlen(text), 0) | 1 : 0;
}


effective_state_t
store_state(const site_t *site, uint32_t now)
{
    paylock_record_t  rec;

    if (site->until == 0 || now < site->until) {
        return site->state;
    }

    (void) paylock_record_parse(site_record(site), site->record_len, &rec);

    return effective_state_parsed(&rec, now);
}


void
store_refresh(store_t *s, uint32_t now)
{
    size_t            i;
    site_t           *site;
    paylock_record_t  rec;

    for (i = 0; i < s->n; i++) {
        site = s->site[i];

        if (site->until && site->until <= now
            && paylock_record_parse(site_record(site), site->record_len, &rec)
               == NULL)
        {
            site_look(site, &rec, now);
        }
    }
}


static int
store_insert(store_t *s, size_t at, site_t *site)
{
    size_t    room;
    site_t  **more;

    if (s->n == s->room) {
        room = s->room + s->room / 4 + 1024;
        more = realloc(s->site, room * sizeof(site_t *));

        if (more == NULL) {
            free(site);
            return -1;
        }

        s->site = more;
        s->room = room;
    }

    memmove(&s->site[at + 1], &s->site[at], (s->n - at) * sizeof(site_t *));
    s->site[at] = site;
    s->n++;

    return 0;
}


void
store_remove(store_t *s, const char *host)
{
    size_t  at;

    at = store_from(s, host);

    if (at < s->n && !s->loading
        && strcmp(site_host(s->site[at]), host) == 0)
    {
        free(s->site[at]);
        s->n--;
        memmove(&s->site[at], &s->site[at + 1],
                (s->n - at) * sizeof(site_t *));
    }
}


void
store_scan_begin(store_t *s, int first)
{
    size_t  i;

    /* what a scan that was cut off has left is not in order */

    for (i = 0; s->loading && i < s->n; i++) {
        free(s->site[i]);
    }

    s->n = s->loading ? 0 : s->n;
    s->loading = first;
    s->round++;
}


void
store_scan_end(store_t *s)
{
    size_t  i, n;

    if (s->loading) {
        qsort(s->site, s->n, sizeof(site_t *), store_compare);
        s->loading = 0;
        store_unique(s);
        return;
    }

    for (i = 0, n = 0; i < s->n; i++) {

        if (s->site[i]->round == s->round) {
            s->site[n++] = s->site[i];

        } else {
            free(s->site[i]);
        }
    }

    s->n = n;
}


static int
store_compare(const void *one, const void *two)
{
    return strcmp(site_host(*(site_t *const *) one),
                  site_host(*(site_t *const *) two));
}


/* A scan may see a record twice. */

static void
store_unique(store_t *s)
{
    size_t  i, n;

    for (i = 0, n = 0; i < s->n; i++) {

        if (n && store_compare(&s->site[n - 1], &s->site[i]) == 0) {
            free(s->site[n - 1]);
            n--;
        }

        s->site[n++] = s->site[i];
    }

    s->n = n;
}
