
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
#include "paylock_str.h"


#define ROWS_LINE    65536             /* bytes of a row */
#define ROWS_NUMBER  24


typedef enum {
    ROW_HOST = 0,
    ROW_LOCK_AT,
    ROW_OPEN_AT,
    ROW_NOTICE_AT,
    ROW_READONLY_AT,
    ROW_REASON,
    ROW_INVOICE,
    ROW_REF,
    ROW_COLUMNS
} import_column_e;


/* the columns' names, by row_column_e */

extern const char *const  import_row_names[ROW_COLUMNS];


typedef struct {
    size_t         line;               /* on which it begins, from 1 */
    const char    *why;                /* it is bad; fits behind "line 7 " */
    paylock_str_t  value[ROW_COLUMNS]; /* len 0: not given */
} import_row_t;


typedef struct {
    csv_t            csv;              /* where it is, of JSON lines as well */
    int              json;
    size_t           first;            /* line */
    import_column_e  column[CSV_FIELDS]; /* of the header */
    size_t           columns;

    json_t        *object;             /* what a row points to */
    char           number[ROW_COLUMNS][ROWS_NUMBER];
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
