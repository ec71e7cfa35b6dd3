
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Desired records: what the rows of a file say, checked.
 */


#ifndef _IMPORT_RECORD_H_INCLUDED_
#define _IMPORT_RECORD_H_INCLUDED_


#include "base/error.h"
#include "import/import_row.h"
#include "change/import.h"


typedef struct {
    char            **host;            /* each once */
    change_import_t  *record;          /* by the same number */
    size_t            n;
    size_t            size;
} import_list_t;


#define import_has(d, t)  ((d)->set & CHANGE_BIT(t))


/*
 * Reads a row to *d and *host, which the caller frees.  Returns a status; p
 * names the line.
 */

int import_record_read(change_import_t *d, char **host,
    const import_row_t  *row, error_info_t *error);
void import_record_free(change_import_t *d);


/* Is told of each row that is bad: p names its line. */

typedef void (*import_bad_pt)(void *data, const error_info_t *error);

/*
 * desires.c: reads all rows of a text, which is changed; *bad of them are bad.
 * Returns a status: whether all could be read, good or bad.
 */

int import_list_read(import_list_t *list, char *text, size_t len, size_t *bad,
    import_bad_pt tell, void *data, error_info_t *error);

void import_list_free(import_list_t *list);


#endif /* _IMPORT_RECORD_H_INCLUDED_ */
