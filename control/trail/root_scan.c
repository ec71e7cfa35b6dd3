
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "records/records_pages.h"
#include "trail/root_scan.h"


#define SCAN_THREADS  4
#define SCAN_PAGES    (2 * SCAN_THREADS)       /* in memory, at most */
#define SCAN_MAYBE    8192             /* bytes, a bit for each 16 bits */


struct root_page_s {
    root_page_t    *next;
    size_t          n;
    unsigned char   pair[][PAYLOCK_PAIR];
};


typedef struct scan_s  scan_t;

typedef struct {
    scan_t                 *scan;
    pthread_t               thread;
    paylock_lattice_ctx_t   ctx;
    paylock_lattice_t       lattice;
} scan_worker_t;


struct scan_s {
    control_t        *ctl;
    root_scan_t      *result;
    scan_worker_t     worker[SCAN_THREADS];
    size_t            n_workers;

    pthread_mutex_t   mutex;           /* of all below */
    pthread_cond_t    came;
    pthread_cond_t    went;
    records_page_t   *full;
    records_page_t   *empty;
    size_t            n_pages;
    unsigned          ended:1;
    unsigned          failed:1;        /* OpenSSL did, or memory is short */
};


static int scan_begin(scan_t *s);
static void scan_end(scan_t *s);
static size_t scan_processors(void);
static records_page_t *scan_take(void *data);
static int scan_give(void *data, records_page_t *page);
static void *scan_work(void *data);
static root_page_t *scan_page(scan_worker_t *w, const records_page_t *page);
static int scan_drop(control_t *ctl, root_scan_t *s,
    const unsigned char pair[PAYLOCK_PAIR]);


int
root_scan(control_t *ctl, root_scan_t *r, uint64_t *records)
{
    int              status;
    scan_t           s;
    records_pages_t  pages;

    memset(r, 0, sizeof(root_scan_t));
    memset(&s, 0, sizeof(scan_t));

    s.ctl = ctl;
    s.result = r;

    pages.take = scan_take;
    pages.give = scan_give;
    pages.data = &s;
    pages.enough = 0;

    status = scan_begin(&s);

    if (status == STATUS_DONE) {
        status = records_pages(ctl, records, &pages);
    }

    scan_end(&s);

    return status == STATUS_DONE && s.failed ? control_no_crypto(ctl) : status;
}


int
root_scan_all(control_t *ctl, root_scan_t *s)
{
    uint64_t  records;

    return root_scan(ctl, s, &records) == STATUS_DONE
           ? root_scan_unique(ctl, s, NULL, 0) : ctl->error.status;
}


/* Signals are for the thread that has always been there. */

static int
scan_begin(scan_t *s)
{
    size_t          i, n;
    sigset_t        all, old;
    scan_worker_t  *w;

    (void) pthread_mutex_init(&s->mutex, NULL);
    (void) pthread_cond_init(&s->came, NULL);
    (void) pthread_cond_init(&s->went, NULL);

    n = scan_processors();

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_BLOCK, &all, &old);

    for (i = 0; i < n; i++) {
        w = &s->worker[i];
        w->scan = s;

        if (paylock_lattice_begin(&w->ctx) != 0
            || pthread_create(&w->thread, NULL, scan_work, w) != 0)
        {
            paylock_lattice_free(&w->ctx);
            break;
        }

        s->n_workers++;
    }

    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);

    return s->n_workers ? STATUS_DONE : control_no_memory(s->ctl);
}


static void
scan_end(scan_t *s)
{
    size_t           i;
    scan_worker_t   *w;
    records_page_t  *page;

    (void) pthread_mutex_lock(&s->mutex);
    s->ended = 1;
    (void) pthread_cond_broadcast(&s->came);
    (void) pthread_mutex_unlock(&s->mutex);

    for (i = 0; i < s->n_workers; i++) {
        w = &s->worker[i];

        (void) pthread_join(w->thread, NULL);
        paylock_lattice_join(&s->result->lattice, &w->lattice);
        paylock_lattice_free(&w->ctx);
    }

    while ((page = s->empty) != NULL) {
        s->empty = page->next;
        records_page_free(page);
    }

    (void) pthread_cond_destroy(&s->went);
    (void) pthread_cond_destroy(&s->came);
    (void) pthread_mutex_destroy(&s->mutex);
}


static size_t
scan_processors(void)
{
    long  n;

    n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > SCAN_THREADS ? SCAN_THREADS : (size_t) n;
}


static records_page_t *
scan_take(void *data)
{
    scan_t          *s;
    records_page_t  *page;

    s = data;

    (void) pthread_mutex_lock(&s->mutex);

    while (s->empty == NULL && s->n_pages == SCAN_PAGES) {
        (void) pthread_cond_wait(&s->went, &s->mutex);
    }

    page = s->empty;

    if (page) {
        s->empty = page->next;

    } else {
        s->n_pages++;
    }

    (void) pthread_mutex_unlock(&s->mutex);

    page = page ? page : records_page_create();

    if (page == NULL) {
        (void) control_no_memory(s->ctl);
    }

    return page;
}


static int
scan_give(void *data, records_page_t *page)
{
    scan_t  *s;

    s = data;

    (void) pthread_mutex_lock(&s->mutex);
    page->next = s->full;
    s->full = page;
    (void) pthread_cond_signal(&s->came);
    (void) pthread_mutex_unlock(&s->mutex);

    return STATUS_DONE;
}


static void *
scan_work(void *data)
{
    scan_t          *s;
    root_page_t     *pairs;
    scan_worker_t   *w;
    records_page_t  *page;

    w = data;
    s = w->scan;

    (void) pthread_mutex_lock(&s->mutex);

    for ( ;; ) {

        while (s->full == NULL && !s->ended) {
            (void) pthread_cond_wait(&s->came, &s->mutex);
        }

        page = s->full;

        if (page == NULL) {
            break;
        }

        s->full = page->next;
        (void) pthread_mutex_unlock(&s->mutex);

        pairs = scan_page(w, page);

        (void) pthread_mutex_lock(&s->mutex);

        if (pairs) {
            pairs->next = s->result->pages;
            s->result->pages = pairs;
            s->result->n += pairs->n;

        } else {
            s->failed = 1;
        }

        page->next = s->empty;
        s->empty = page;
        (void) pthread_cond_signal(&s->went);
    }

    (void) pthread_mutex_unlock(&s->mutex);

    return NULL;
}


static root_page_t *
scan_page(scan_worker_t *w, const records_page_t *page)
{
    size_t                  i;
    root_page_t            *pairs;
    const records_part_t   *host, *record;

    pairs = malloc(sizeof(root_page_t) + page->n / 2 * PAYLOCK_PAIR);

    if (pairs == NULL) {
        return NULL;
    }

    pairs->n = page->n / 2;

    for (i = 0; i < pairs->n; i++) {
        host = &page->part[2 * i];
        record = host + 1;

        if (paylock_lattice_pair(&w->ctx, page->data + host->at, host->len,
                                 page->data + record->at, record->len,
                                 pairs->pair[i]) != 0
            || paylock_lattice_add(&w->ctx, &w->lattice, pairs->pair[i]) != 0)
        {
            free(pairs);
            return NULL;
        }
    }

    return pairs;
}


void
root_scan_free(root_scan_t *s)
{
    root_page_t  *page;

    while ((page = s->pages) != NULL) {
        s->pages = page->next;
        free(page);
    }
}


void
root_scan_each(const root_scan_t *s,
    void (*each)(void *data, const unsigned char pair[PAYLOCK_PAIR]),
    void *data)
{
    size_t              i;
    const root_page_t  *page;

    for (page = s->pages; page; page = page->next) {
        for (i = 0; i < page->n; i++) {
            each(data, page->pair[i]);
        }
    }
}


int
root_scan_remove(control_t *ctl, root_scan_t *s,
    unsigned char (*pair)[PAYLOCK_PAIR], size_t n)
{
    size_t               i;
    unsigned char        maybe[SCAN_MAYBE];
    const root_page_t   *page;
    const unsigned char *p;

    /* few of a million pairs are in the list: most are told by 16 bits */

    memset(maybe, 0, sizeof(maybe));

    for (i = 0; i < n; i++) {
        maybe[pair[i][0] << 5 | pair[i][1] >> 3] |= 1 << (pair[i][1] & 7);
    }

    for (page = s->pages; page && n; page = page->next) {
        for (i = 0; i < page->n; i++) {
            p = page->pair[i];

            if ((maybe[p[0] << 5 | p[1] >> 3] & 1 << (p[1] & 7))
                && bsearch(p, pair, n, PAYLOCK_PAIR, root_scan_order)
                && scan_drop(ctl, s, p) != STATUS_DONE)
            {
                return ctl->error.status;
            }
        }
    }

    return STATUS_DONE;
}


int
root_scan_unique(control_t *ctl, root_scan_t *s,
    unsigned char (*removed)[PAYLOCK_PAIR], size_t n_removed)
{
    int                 status;
    size_t              i, n;
    unsigned char     (*pair)[PAYLOCK_PAIR];
    const root_page_t  *page;

    pair = malloc((s->n + 1) * PAYLOCK_PAIR);

    if (pair == NULL) {
        return control_no_memory(ctl);
    }

    n = 0;

    for (page = s->pages; page; page = page->next) {
        memcpy(pair[n], page->pair, page->n * PAYLOCK_PAIR);
        n += page->n;
    }

    qsort(pair, n, PAYLOCK_PAIR, root_scan_order);
    status = STATUS_DONE;

    for (i = 1; i < n && status == STATUS_DONE; i++) {
        if (root_scan_order(pair[i - 1], pair[i]) == 0
            && (n_removed == 0
                || bsearch(pair[i], removed, n_removed, PAYLOCK_PAIR,
                           root_scan_order) == NULL))
        {
            status = scan_drop(ctl, s, pair[i]);
        }
    }

    free(pair);

    return status;
}


static int
scan_drop(control_t *ctl, root_scan_t *s,
    const unsigned char pair[PAYLOCK_PAIR])
{
    if (control_lattice(ctl) != STATUS_DONE) {
        return ctl->error.status;
    }

    return paylock_lattice_remove(&ctl->root.ctx, &s->lattice, pair) == 0
           ? STATUS_DONE : control_no_crypto(ctl);
}


int
root_scan_order(const void *one, const void *two)
{
    return memcmp(one, two, PAYLOCK_PAIR);
}
