
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The entries of one host, and of the names whose records may hold for it.
 * The record of a name leads to them.  If it does not, because somebody wrote
 * or removed it by hand, all entries are read.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_host.h"
#include "records/records.h"
#include "trail/export_parts.h"
#include "trail/history.h"


typedef struct {
    export_run_t  *run;
    int            whole;              /* records lead to all entries */
    int            there;              /* the host itself has a record */
    int            failed;             /* out of memory */
    char         **name;               /* below the suffix */
    size_t         n_names;
    size_t         names;              /* for which there is room */
    uint64_t      *open;               /* entries that are signed later */
    size_t         n;
    size_t         room;
} find_t;


/* A transaction, from one of its entries to the one that signs it. */

typedef struct {
    uint64_t       head;
    uint64_t       end;                /* 0: not found */
} find_row_t;


static int find_names(find_t *f);
static int find_name(find_t *f, const char *name);
static int find_is_own(const find_t *f, const char *name);
static int find_below(void *data, const paylock_str_t *host,
    const paylock_str_t *value);
static int find_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int find_open(find_t *f, uint64_t seq);
static int find_all(find_t *f);
static int find_any(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int find_rows(find_t *f);
static int find_end(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int find_order(const void *one, const void *two);


int
export_find(export_run_t *r)
{
    int     status;
    size_t  i;
    find_t  f;

    memset(&f, 0, sizeof(find_t));
    f.run = r;
    f.whole = 1;

    status = find_names(&f);

    if (status == STATUS_DONE && !f.whole) {
        status = find_all(&f);
    }

    if (status == STATUS_DONE) {
        status = f.failed ? control_no_memory(r->ctl) : find_rows(&f);
    }

    for (i = 0; i < f.n_names; i++) {
        free(f.name[i]);
    }

    free(f.name);
    free(f.open);

    return status;
}


static int
find_names(find_t *f)
{
    int              status;
    size_t           i;
    uint64_t         n;
    const export_t  *x;

    x = f->run->export;
    status = STATUS_DONE;

    if (paylock_host_suffix(x->host, strlen(x->host))) {
        status = records_scan(f->run->ctl, &n, find_below, f);
    }

    for (i = 0; i < x->n_names && status == STATUS_DONE && f->whole; i++) {
        status = find_name(f, x->name[i]);
    }

    for (i = 0; i < f->n_names && status == STATUS_DONE && f->whole; i++) {
        status = find_name(f, f->name[i]);
    }

    f->whole &= f->there;

    return status;
}


/* Of a name without a record there are no entries. */

static int
find_name(find_t *f, const char *name)
{
    int          there, earlier;
    control_t   *ctl;
    redisReply  *reply;

    ctl = f->run->ctl;

    if (history_record(ctl, name, &reply) != STATUS_DONE) {
        return ctl->error.status;
    }

    there = reply->type != REDIS_REPLY_NIL;
    freeReplyObject(reply);

    if (!there) {
        return STATUS_DONE;
    }

    f->there |= find_is_own(f, name);

    return history_each(ctl, &f->run->archives, name,
                        f->run->export->head.seq, find_entry, f, &f->whole,
                        &earlier);
}


/* Is it the host, with or without "www.", or below it? */

static int
find_is_own(const find_t *f, const char *name)
{
    const char  *host;

    host = f->run->export->host;

    return strcmp(name, host) == 0
           || paylock_host_suffix(name, strlen(name)) == 0
           || strlen(name) > strlen(host);
}


static int
find_below(void *data, const paylock_str_t *host, const paylock_str_t *value)
{
    char    *name, **more;
    find_t  *f;

    (void) value;

    f = data;

    /* what no entry wrote may have any name */

    if (!export_concerns(f->run->export, host)
        || memchr(host->data, '\0', host->len) != NULL)
    {
        return STATUS_DONE;
    }

    if (f->n_names == f->names) {
        more = realloc(f->name, (2 * f->names + 16) * sizeof(char *));

        if (more == NULL) {
            return control_no_memory(f->run->ctl);
        }

        f->name = more;
        f->names = 2 * f->names + 16;
    }

    name = strndup(host->data, host->len);

    if (name == NULL) {
        return control_no_memory(f->run->ctl);
    }

    f->name[f->n_names++] = name;

    return STATUS_DONE;
}


/* A record that leads to what was given up is not as the trail says. */

static int
find_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    find_t  *f;

    (void) id;

    f = data;

    if (why || !path_stands(&f->run->path, e->seq)) {
        f->whole = 0;
        return 0;
    }

    f->failed |= path_need(&f->run->path, e->seq) != 0;

    if (e->field[PAYLOCK_AUDIT_KEY].len && e->field[PAYLOCK_AUDIT_SIG].len == 0)
    {
        f->failed |= find_open(f, e->seq) != 0;
    }

    return !f->failed;
}


static int
find_open(find_t *f, uint64_t seq)
{
    uint64_t  *more;

    if (f->n == f->room) {
        more = realloc(f->open, (2 * f->room + 64) * sizeof(uint64_t));

        if (more == NULL) {
            return -1;
        }

        f->open = more;
        f->room = 2 * f->room + 64;
    }

    f->open[f->n++] = seq;

    return 0;
}


static int
find_all(find_t *f)
{
    return archives_from(f->run->ctl, &f->run->archives, 0, find_any, f);
}


static int
find_any(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    find_t        *f;
    export_run_t  *r;

    f = data;
    r = f->run;

    if (why || !path_stands(&r->path, e->seq)) {
        return 1;
    }

    if (e->seq > r->export->head.seq) {
        return 0;
    }

    return export_concerns(r->export, &e->field[PAYLOCK_AUDIT_HOST])
           ? find_entry(data, id, e, why) : 1;
}


/* Of each entry that has no signature, the next one that has. */

static int
find_rows(find_t *f)
{
    size_t        i;
    control_t    *ctl;
    find_row_t    row;

    ctl = f->run->ctl;
    row.head = f->run->export->head.seq;
    row.end = 0;

    if (f->n) {
        qsort(f->open, f->n, sizeof(uint64_t), find_order);
    }

    for (i = 0; i < f->n; i++) {

        /* the same transaction as the one before */

        if (f->open[i] < row.end) {
            continue;
        }

        row.end = 0;

        if (archives_from(ctl, &f->run->archives, f->open[i] + 1, find_end,
                          &row) != STATUS_DONE)
        {
            return ctl->error.status;
        }

        if (row.end && path_need(&f->run->path, row.end) != 0) {
            return control_no_memory(ctl);
        }
    }

    return STATUS_DONE;
}


static int
find_end(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    find_row_t  *row;

    (void) id;

    row = data;

    if (why || e->seq > row->head) {
        return 0;
    }

    if (e->field[PAYLOCK_AUDIT_SIG].len) {
        row->end = e->seq;
    }

    return row->end == 0;
}


static int
find_order(const void *one, const void *two)
{
    uint64_t  a, b;

    a = *(const uint64_t *) one;
    b = *(const uint64_t *) two;

    return a < b ? -1 : a > b;
}


int
export_concerns(const export_t *x, const paylock_str_t *host)
{
    size_t       i, len, suffix;
    const char  *tail;

    if (host->len == 0) {
        return 1;
    }

    for (i = 0; i < x->n_names; i++) {
        if (strlen(x->name[i]) == host->len
            && memcmp(x->name[i], host->data, host->len) == 0)
        {
            return 1;
        }
    }

    suffix = paylock_host_suffix(x->host, strlen(x->host));

    if (suffix == 0) {
        return 0;
    }

    /* ".x", or of ".x" alone "x" */

    tail = x->host + suffix - 1;
    len = strlen(tail);

    return (host->len >= len
            && memcmp(host->data + host->len - len, tail, len) == 0)
           || (suffix == 1 && host->len == len - 1
               && memcmp(host->data, tail + 1, len - 1) == 0);
}
