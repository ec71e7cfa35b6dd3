
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads the rows of a file for an import, CSV or JSON lines, as texts by
 * column.
 */


#ifndef _IMPORT_ROW_H_INCLUDED_
#define _IMPORT_ROW_H_INCLUDED_


#include <stddef.h>

#include <jansson.h>

#include "import/csv.h"
#include "paylock_field.h"
#include "paylock_str.h"


#define IMPORT_ROW_NUMBER  24


/* the columns: the host, then the fields of a record */

#define IMPORT_ROW_HOST        0
#define IMPORT_ROW_FIELD(i)    ((i) + 1)      /* i: paylock_record_field_e */
#define IMPORT_ROW_COLUMNS     IMPORT_ROW_FIELD(PAYLOCK_RECORD_FIELDS)


typedef struct {
    size_t         line;               /* on which it begins, from 1 */
    const char    *why;                /* why it is bad; or NULL */
    paylock_str_t  value[IMPORT_ROW_COLUMNS]; /* len 0: not given */
} import_row_t;


typedef struct {
    csv_t          csv;                /* position, for JSON lines, too */
    int            json;               /* JSON lines, not CSV */
    size_t         first;              /* number of the first line */
    size_t         column[CSV_FIELDS]; /* of each field of CSV */
    size_t         columns;

    json_t        *object;             /* the row points to these */
    char           number[IMPORT_ROW_COLUMNS][IMPORT_ROW_NUMBER];
    char           text[128];
} import_rows_t;


/*
 * Begins to read a text, which is changed, and reads the header if it is CSV.
 * Returns NULL, or why the first line that is not empty, r->first, is bad.
 */

const char *import_rows_begin(import_rows_t *r, char *text, size_t len);

/*
 * Reads the next row, which is valid until the next call.  Returns 1, or 0 at
 * the end.
 */

int import_rows_next(import_rows_t *r, import_row_t *row);

void import_rows_end(import_rows_t *r);


#endif /* _IMPORT_ROW_H_INCLUDED_ */
