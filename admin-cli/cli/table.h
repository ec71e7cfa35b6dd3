
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Prints a table for people.  Columns are as wide as their contents; on a
 * terminal they are cut or left out so that a row fits into a line.
 *
 * libsmartcols is not used, because it leaves out no columns: a row of "list"
 * would be 118 cells wide on a terminal of 80; and because it cuts a host
 * without a sign.  The choice of columns and the cutting of cells, which are
 * most of table.c, would still be needed.
 */


#ifndef _TABLE_H_INCLUDED_
#define _TABLE_H_INCLUDED_


#include <stdio.h>


typedef struct {
    const char   *title;
    size_t        least;               /* may be cut to this; 0: never cut */
    const char *(*colour)(const char *cell, int colours);   /* or NULL */
} column_t;


typedef struct {
    const column_t   *column;          /* the most important first */
    size_t            n;
    char            **cell;            /* n per row, escaped for printing */
    size_t            cells;
} table_t;


/*
 * Adds a cell, which the table frees from now on, on errors too; a cell NULL is
 * an error.  Returns 0, or -1 when out of memory.
 */

int table_add(table_t *c, char *cell);

void table_print(const table_t *c, FILE *f, int colours);
void table_free(table_t *c);


#endif /* _TABLE_H_INCLUDED_ */
