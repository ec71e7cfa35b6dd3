
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A list of desired records.
 */


#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>

#include "import/import_record.h"


static int list_add(import_list_t *ds, const import_row_t *row,
    error_info_t *p);
static int list_room(import_list_t *ds, error_info_t *p);
static size_t list_twice(const import_list_t *ds, import_bad_pt tell,
    void  *data, error_info_t *p);
static int list_compare(const void *one, const void *two, void *data);


int
import_list_read(import_list_t *ds, char *text, size_t len, size_t *bad,
    import_bad_pt tell, void *data, error_info_t *p)
{
    import_row_t   row;
    import_rows_t  rows;
    const char    *why;

    *bad = 0;
    why = import_rows_begin(&rows, text, len);

    if (why) {
        (void) error_set(p, STATUS_USAGE, "line", "give JSON lines, or CSV "
                         "with commas, whose first line has the names "
                         "host,lock_at,open_at,notice_at,readonly_at,"
                         "reason,invoice,ref or some of them",
                         "line %zu %s", rows.first, why);
        return p->status;
    }

    while (import_rows_next(&rows, &row)) {

        if (list_add(ds, &row, p) == STATUS_DONE) {
            continue;
        }

        if (p->status != STATUS_USAGE) {
            import_rows_end(&rows);
            return p->status;
        }

        (*bad)++;
        tell(data, p);
    }

    import_rows_end(&rows);

    *bad += list_twice(ds, tell, data, p);

    return p->status == STATUS_FAILED ? p->status : STATUS_DONE;
}


void
import_list_free(import_list_t *ds)
{
    size_t  i;

    for (i = 0; i < ds->n; i++) {
        free(ds->host[i]);
        import_record_free(&ds->record[i]);
    }

    free(ds->host);
    free(ds->record);
}


static int
list_add(import_list_t *ds, const import_row_t *row, error_info_t *p)
{
    int  status;

    status = list_room(ds, p);

    if (status == STATUS_DONE) {
        status = import_record_read(&ds->record[ds->n], &ds->host[ds->n], row,
                                    p);
    }

    ds->n += status == STATUS_DONE;

    return status;
}


static int
list_room(import_list_t *ds, error_info_t *p)
{
    void    *room;
    size_t   size;

    if (ds->n < ds->size) {
        return STATUS_DONE;
    }

    size = ds->size ? 2 * ds->size : 64;
    room = realloc(ds->host, size * sizeof(char *));

    if (room == NULL) {
        return error_no_memory(p);
    }

    ds->host = room;
    room = realloc(ds->record, size * sizeof(change_import_t));

    if (room == NULL) {
        return error_no_memory(p);
    }

    ds->record = room;
    ds->size = size;

    return STATUS_DONE;
}


/* Tells of the lines that name a host once more; returns how many. */

static size_t
list_twice(const import_list_t *ds, import_bad_pt tell, void *data,
    error_info_t *p)
{
    size_t  i, twice, *order;

    twice = 0;
    order = malloc((ds->n + 1) * sizeof(size_t));

    if (order == NULL) {
        (void) error_no_memory(p);
        return 0;
    }

    for (i = 0; i < ds->n; i++) {
        order[i] = i;
    }

    qsort_r(order, ds->n, sizeof(size_t), list_compare, ds->host);

    for (i = 1; i < ds->n; i++) {

        if (strcmp(ds->host[order[i - 1]], ds->host[order[i]]) != 0) {
            continue;
        }

        (void) error_set(p, STATUS_USAGE, "line", "give each host once",
                         "line %zu: the host \"%s\" is on line %zu already",
                         ds->record[order[i]].line, ds->host[order[i]],
                         ds->record[order[i - 1]].line);
        (void) error_about(p, ds->host[order[i]]);

        twice++;
        tell(data, p);
    }

    free(order);

    return twice;
}


static int
list_compare(const void *one, const void *two, void *data)
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
