
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads CSV by RFC 4180.  Lines may end with LF alone.
 */


#ifndef _CSV_H_INCLUDED_
#define _CSV_H_INCLUDED_


#include <stddef.h>

#include "paylock_str.h"


#define CSV_FIELDS  16


typedef struct {
    char    *p;                        /* where to go on */
    char    *end;
    size_t   line;                     /* of p, from 1 */
} csv_t;


/*
 * Reads the record at c->p and moves c->p behind it; sets *n fields, which
 * point into the text, which is changed.  Returns NULL, or a static text that
 * completes "line 7 …" and says why it is not a record; then c->p is at the
 * next line.
 */

const char *csv_next(csv_t *c, paylock_str_t field[CSV_FIELDS], size_t *n);


#endif /* _CSV_H_INCLUDED_ */
