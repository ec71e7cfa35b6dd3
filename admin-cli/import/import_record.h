
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Desired records: what the rows of a file say, checked.
 */


#ifndef _IMPORT_RECORD_H_INCLUDED_
#define _IMPORT_RECORD_H_INCLUDED_


#include <stdint.h>

#include "error.h"
#include "import/import_row.h"
#include "paylock_record.h"


typedef struct {
    uint32_t   time[PAYLOCK_TIMES];    /* Unix seconds, if set */
    unsigned   set;                    /* times, 1 << paylock_time_e */
    size_t     line;
    char      *reason;                 /* NULL: none */
    char      *invoice;
    char      *ref;                    /* NULL: as it is, or made up */
} desire_t;


typedef struct {
    char     **host;                   /* each once */
    desire_t  *desire;                 /* by the same number */
    size_t     n;
    size_t     size;
} desires_t;


#define desire_has(d, t)  ((d)->set & (1u << (t)))


/*
 * Reads a row to *d and *host, which the caller frees.  Returns a status; p
 * names the line.
 */

int desire_read(desire_t *d, char **host, const row_t *row, problem_t *p);
void desire_free(desire_t *d);


/* Is told of each row that is bad: p names its line. */

typedef void (*desires_bad_pt)(void *data, const problem_t *p);

/*
 * desires.c: reads all rows of a text, which is changed; *bad of them are bad.
 * Returns a status: whether all could be read, good or bad.
 */

int desires_read(desires_t *ds, char *text, size_t len, size_t *bad,
    desires_bad_pt tell, void *data, problem_t *p);

void desires_free(desires_t *ds);


#endif /* _IMPORT_RECORD_H_INCLUDED_ */
