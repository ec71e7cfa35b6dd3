
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A list of desired records.
 */


#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>

#include "import/import_record.h"


static int desires_add(desires_t *ds, const row_t *row, problem_t *p);
static int desires_room(desires_t *ds, problem_t *p);
static size_t desires_twice(const desires_t *ds, desires_bad_pt tell,
    void *data, problem_t *p);
static int desires_compare(const void *one, const void *two, void *data);


int
desires_read(desires_t *ds, char *text, size_t len, size_t *bad,
    desires_bad_pt tell, void *data, problem_t *p)
{
    row_t        row;
    rows_t       rows;
    const char  *why;

    *bad = 0;
    why = rows_begin(&rows, text, len);

    if (why) {
        (void) problem_set(p, STATUS_USAGE, "line", "give JSON lines, or CSV "
                           "with commas, whose first line has the names "
                           "host,lock_at,open_at,notice_at,readonly_at,"
                           "reason,invoice,ref or some of them",
                           "line %zu %s", rows.first, why);
        return p->status;
    }

    while (rows_next(&rows, &row)) {

        if (desires_add(ds, &row, p) == STATUS_DONE) {
            continue;
        }

        if (p->status != STATUS_USAGE) {
            rows_end(&rows);
            return p->status;
        }

        (*bad)++;
        tell(data, p);
    }

    rows_end(&rows);

    *bad += desires_twice(ds, tell, data, p);

    return p->status == STATUS_FAILED ? p->status : STATUS_DONE;
}


void
desires_free(desires_t *ds)
{
    size_t  i;

    for (i = 0; i < ds->n; i++) {
        free(ds->host[i]);
        desire_free(&ds->desire[i]);
    }

    free(ds->host);
    free(ds->desire);
}


static int
desires_add(desires_t *ds, const row_t *row, problem_t *p)
{
    int  status;

    status = desires_room(ds, p);

    if (status == STATUS_DONE) {
        status = desire_read(&ds->desire[ds->n], &ds->host[ds->n], row, p);
    }

    ds->n += status == STATUS_DONE;

    return status;
}


static int
desires_room(desires_t *ds, problem_t *p)
{
    void    *room;
    size_t   size;

    if (ds->n < ds->size) {
        return STATUS_DONE;
    }

    size = ds->size ? 2 * ds->size : 64;
    room = realloc(ds->host, size * sizeof(char *));

    if (room == NULL) {
        return problem_memory(p);
    }

    ds->host = room;
    room = realloc(ds->desire, size * sizeof(desire_t));

    if (room == NULL) {
        return problem_memory(p);
    }

    ds->desire = room;
    ds->size = size;

    return STATUS_DONE;
}


/* Tells of the lines that name a host once more; returns how many. */

static size_t
desires_twice(const desires_t *ds, desires_bad_pt tell, void *data,
    problem_t *p)
{
    size_t  i, twice, *order;

    twice = 0;
    order = malloc((ds->n + 1) * sizeof(size_t));

    if (order == NULL) {
        (void) problem_memory(p);
        return 0;
    }

    for (i = 0; i < ds->n; i++) {
        order[i] = i;
    }

    qsort_r(order, ds->n, sizeof(size_t), desires_compare, ds->host);

    for (i = 1; i < ds->n; i++) {

        if (strcmp(ds->host[order[i - 1]], ds->host[order[i]]) != 0) {
            continue;
        }

        (void) problem_set(p, STATUS_USAGE, "line", "give each host once",
                           "line %zu: the host \"%s\" is on line %zu already",
                           ds->desire[order[i]].line, ds->host[order[i]],
                           ds->desire[order[i - 1]].line);
        (void) problem_about(p, ds->host[order[i]]);

        twice++;
        tell(data, p);
    }

    free(order);

    return twice;
}


static int
desires_compare(const void *one, const void *two, void *data)
{
    int      order;
    char   **host;
    size_t   a, b;

    host = data;
    a = *(const size_t *) one;
    b = *(const size_t *) two;
    order = strcmp(host[a], host[b]);

    return order ? order : (a > b) - (a < b);
}
