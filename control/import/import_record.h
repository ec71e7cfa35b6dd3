
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Checks the rows of a file and makes the list of records for an import.
 */


#ifndef _IMPORT_RECORD_H_INCLUDED_
#define _IMPORT_RECORD_H_INCLUDED_


#include "base/error.h"
#include "import/import_row.h"
#include "change/import.h"


typedef struct {
    char            **host;            /* each once */
    change_import_t  *record;          /* of the host of this index */
    size_t            n;
    size_t            size;
} import_list_t;


#define import_has(d, t)  ((d)->set & CHANGE_BIT(t))


/*
 * Converts a row to *d and *host; the caller frees both.  Returns a status; the
 * error names the line.
 */

int import_record_read(change_import_t *d, char **host,
    const import_row_t  *row, error_info_t *error);
void import_record_free(change_import_t *d);


/* Called for each bad row; the error names its line. */

typedef void (*import_bad_pt)(void *data, const error_info_t *error);

/*
 * import_list.c: reads all rows of a text, which is changed; *bad is the number
 * of bad rows.  Returns a status, STATUS_DONE even if rows are bad.  The caller
 * frees the list in any case.
 */

int import_list_read(import_list_t *list, char *text, size_t len, size_t *bad,
    import_bad_pt tell, void *data, error_info_t *error);

void import_list_free(import_list_t *list);


#endif /* _IMPORT_RECORD_H_INCLUDED_ */
