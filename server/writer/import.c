
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The rows of an import: objects, as a file of JSON lines has them.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/digest.h"
#include "writer/change.h"


static int import_text(const json_t *rows, char **text, size_t *len);
static int import_read(change_command_t *c, char *text, size_t len);
static void import_bad(void *data, const error_info_t *error);


int
import_rows(change_command_t *c)
{
    int            status;
    char          *text;
    size_t         i, len;
    const json_t  *rows, *row;

    rows = json_object_get(c->command, "rows");

    status = json_array_size(rows) && json_array_size(rows) <= WRITER_HOSTS
             ? STATUS_DONE : STATUS_USAGE;

    json_array_foreach(rows, i, row) {
        status = json_is_object(row) ? status : STATUS_USAGE;
    }

    if (status != STATUS_DONE) {
        return error_set(&c->ctl.error, STATUS_USAGE, "rows",
                         "give an array of 1 to 1000 objects",
                         "\"rows\" is none, or too many");
    }

    if (import_text(rows, &text, &len) != 0
        || digest_text(text, len, c->digest) != 0)
    {
        free(text);
        return control_no_memory(&c->ctl);
    }

    status = import_read(c, text, len);
    free(text);

    c->order.args = c->list.record;
    c->order.in.content = c->digest;
    c->order.host = c->host = c->list.host;
    c->order.n = c->n = c->list.n;

    return status;
}


/* As a file would have them: the number of a line is that of its row. */

static int
import_text(const json_t *rows, char **text, size_t *len)
{
    FILE          *f;
    size_t         i;
    const json_t  *row;

    *text = NULL;
    f = open_memstream(text, len);

    if (f == NULL) {
        return -1;
    }

    json_array_foreach(rows, i, row) {
        if (json_dumpf(row, f, JSON_COMPACT) != 0
            || putc('\n', f) == EOF)
        {
            (void) fclose(f);
            return -1;
        }
    }

    return fclose(f);
}


static int
import_read(change_command_t *c, char *text, size_t len)
{
    int            status;
    size_t         bad;
    error_info_t   first;

    memset(&first, 0, sizeof(error_info_t));

    status = import_list_read(&c->list, text, len, &bad, import_bad, &first,
                              &c->ctl.error);

    if (status == STATUS_DONE && bad) {
        c->ctl.error = first;
        status = first.status;
    }

    return status;
}


/* The first one is told. */

static void
import_bad(void *data, const error_info_t *error)
{
    error_info_t  *first;

    first = data;

    if (first->status == STATUS_DONE) {
        *first = *error;
    }
}
