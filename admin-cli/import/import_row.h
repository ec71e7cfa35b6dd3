
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The rows of a file of desired records, CSV or JSON lines: values by column,
 * as text.
 */


#ifndef _IMPORT_ROW_H_INCLUDED_
#define _IMPORT_ROW_H_INCLUDED_


#include <stddef.h>

#include <jansson.h>

#include "import/csv.h"
#include "paylock_field.h"
#include "paylock_str.h"


#define IMPORT_ROW_LINE    65536             /* bytes of a row */
#define IMPORT_ROW_NUMBER  24


/* the columns: the host, then the fields of a record that may be imported */

#define IMPORT_ROW_HOST        0
#define IMPORT_ROW_FIELD(i)    ((i) + 1)      /* i: paylock_record_field_e */
#define IMPORT_ROW_COLUMNS     IMPORT_ROW_FIELD(PAYLOCK_RECORD_FIELDS)


/* The field of a column; NULL for the host. */

const paylock_field_t *import_row_field(size_t column);


typedef struct {
    size_t         line;               /* on which it begins, from 1 */
    const char    *why;                /* it is bad; fits behind "line 7 " */
    paylock_str_t  value[IMPORT_ROW_COLUMNS]; /* len 0: not given */
} import_row_t;


typedef struct {
    csv_t            csv;              /* where it is, of JSON lines as well */
    int              json;
    size_t           first;            /* line */
    size_t           column[CSV_FIELDS]; /* of the header */
    size_t           columns;

    json_t        *object;             /* what a row points to */
    char           number[IMPORT_ROW_COLUMNS][IMPORT_ROW_NUMBER];
    char           text[128];
} import_rows_t;


/*
 * Begins to read a text, which is changed, and reads the header if it is CSV.
 * Returns NULL, or why r->first, the first line that is not empty, is bad.
 */

const char *import_rows_begin(import_rows_t *r, char *text, size_t len);

/*
 * Reads the next row, which holds until the one after it.  Returns 0 if there
 * is none.
 */

int import_rows_next(import_rows_t *r, import_row_t *row);

void import_rows_end(import_rows_t *r);


#endif /* _IMPORT_ROW_H_INCLUDED_ */
