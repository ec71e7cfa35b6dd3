
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A table for people: its columns are as wide as what is in them, and on a
 * terminal cut or left out so that a row is one line.
 *
 * libsmartcols is not used: it leaves out no column, so that a row of "list"
 * is 118 cells wide on a terminal of 80; it cuts a host to its first letters
 * and does not show that it did.  To choose the columns and to cut the cells
 * would stay here, and these are most of table.c.
 */


#ifndef _TABLE_H_INCLUDED_
#define _TABLE_H_INCLUDED_


#include <stdio.h>


typedef struct {
    const char   *title;
    size_t        least;               /* may be cut to this; 0: may not */
    const char *(*colour)(const char *cell, int colours);   /* or NULL */
} column_t;


typedef struct {
    const column_t   *column;          /* in the order of their weight */
    size_t            n;
    char            **cell;            /* n of each row, safe to print */
    size_t            cells;
} table_t;


/* Adds a cell, which is the table's from then on; -1 when out of memory. */

int table_add(table_t *c, char *cell);

void table_print(const table_t *c, FILE *f, int colours);
void table_free(table_t *c);


#endif /* _TABLE_H_INCLUDED_ */
