
/*
 * Copyright (C) 2026 paylock contributors
 *
 * CSV as in RFC 4180.  Lines may end with LF alone.
 */


#ifndef _CSV_H_INCLUDED_
#define _CSV_H_INCLUDED_


#include <stddef.h>

#include "paylock_str.h"


#define CSV_FIELDS  16


typedef struct {
    char    *p;
    char    *end;
    size_t   line;                     /* of p, from 1 */
} csv_t;


/*
 * Reads the record at c->p, which becomes what is behind it; *n fields, that
 * point into the text, which is changed.  Returns NULL, or why it is no
 * record, as a static text that fits behind "line 7 "; then it goes on with
 * the next line.
 */

const char *csv_next(csv_t *c, paylock_str_t field[CSV_FIELDS], size_t *n);


#endif /* _CSV_H_INCLUDED_ */
