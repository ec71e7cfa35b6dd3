
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The list of records for an import.
 */


#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/import_record.h"


#define IMPORT_MEND  512               /* bytes of the mend */


static void import_list_columns(char *text, size_t size);
static int import_list_add(import_list_t *list, const import_row_t *row,
    error_info_t  *error);
static int import_list_room(import_list_t *list, error_info_t *error);
static size_t import_list_twice(const import_list_t *list, import_bad_pt tell,
    void  *data, error_info_t *error);
static int import_list_compare(const void *one, const void *two, void *data);


int
import_list_read(import_list_t *list, char *text, size_t len, size_t *bad,
    import_bad_pt tell, void *data, error_info_t *error)
{
    char           mend[IMPORT_MEND];
    import_row_t   row;
    import_rows_t  rows;
    const char    *why;

    *bad = 0;
    why = import_rows_begin(&rows, text, len);

    if (why) {
        import_list_columns(mend, sizeof(mend));
        (void) error_set(error, STATUS_USAGE, "line", mend, "line %zu %s",
                         rows.first, why);
        return error->status;
    }

    while (import_rows_next(&rows, &row)) {

        if (import_list_add(list, &row, error) == STATUS_DONE) {
            continue;
        }

        if (error->status != STATUS_USAGE) {
            import_rows_end(&rows);
            return error->status;
        }

        (*bad)++;
        tell(data, error);
    }

    import_rows_end(&rows);

    *bad += import_list_twice(list, tell, data, error);

    return error->status == STATUS_FAILED ? error->status : STATUS_DONE;
}


static void
import_list_columns(char *text, size_t size)
{
    size_t  i, len;

    len = (size_t) snprintf(text, size, "give JSON lines, or CSV with commas, "
                            "whose first line has the names host");

    for (i = 0; i < PAYLOCK_RECORD_FIELDS && len < size; i++) {
        if (paylock_record_fields[i]->flags & PAYLOCK_FIELD_IMPORT) {
            len += (size_t) snprintf(text + len, size - len, ",%s",
                                     paylock_record_fields[i]->name);
        }
    }

    if (len < size) {
        (void) snprintf(text + len, size - len, " or some of them");
    }
}


void
import_list_free(import_list_t *list)
{
    size_t  i;

    for (i = 0; i < list->n; i++) {
        free(list->host[i]);
        import_record_free(&list->record[i]);
    }

    free(list->host);
    free(list->record);
}


static int
import_list_add(import_list_t *list, const import_row_t *row,
    error_info_t *error)
{
    int  status;

    status = import_list_room(list, error);

    if (status == STATUS_DONE) {
        status = import_record_read(&list->record[list->n],
                                    &list->host[list->n], row, error);
    }

    list->n += status == STATUS_DONE;

    return status;
}


static int
import_list_room(import_list_t *list, error_info_t *error)
{
    void    *room;
    size_t   size;

    if (list->n < list->size) {
        return STATUS_DONE;
    }

    size = list->size ? 2 * list->size : 64;
    room = realloc(list->host, size * sizeof(char *));

    if (room == NULL) {
        return error_no_memory(error);
    }

    list->host = room;
    room = realloc(list->record, size * sizeof(change_import_t));

    if (room == NULL) {
        return error_no_memory(error);
    }

    list->record = room;
    list->size = size;

    return STATUS_DONE;
}


/* Reports the lines that name a host again; returns how many. */

static size_t
import_list_twice(const import_list_t *list, import_bad_pt tell, void *data,
    error_info_t *error)
{
    size_t  i, twice, *order;

    twice = 0;
    order = malloc((list->n + 1) * sizeof(size_t));

    if (order == NULL) {
        (void) error_no_memory(error);
        return 0;
    }

    for (i = 0; i < list->n; i++) {
        order[i] = i;
    }

    qsort_r(order, list->n, sizeof(size_t), import_list_compare, list->host);

    for (i = 1; i < list->n; i++) {

        if (strcmp(list->host[order[i - 1]], list->host[order[i]]) != 0) {
            continue;
        }

        (void) error_set(error, STATUS_USAGE, "line", "give each host once",
                         "line %zu: the host \"%s\" is on line %zu already",
                         list->record[order[i]].line, list->host[order[i]],
                         list->record[order[i - 1]].line);
        (void) error_about(error, list->host[order[i]]);

        twice++;
        tell(data, error);
    }

    free(order);

    return twice;
}


static int
import_list_compare(const void *one, const void *two, void *data)
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
