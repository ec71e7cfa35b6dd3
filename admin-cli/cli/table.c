
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/state_print.h"
#include "cli/table.h"


#define TABLE_GAP    2
#define TABLE_WIDTH  80              /* if the terminal does not tell */


static size_t table_terminal(void);
static void table_fit(const table_t *c, size_t *width);
static size_t table_natural(const table_t *c, size_t i);
static void table_row(const table_t *c, FILE *f, size_t row,
    const size_t *width, int colours);
static void table_cell(FILE *f, const char *cell, size_t width, int last);


int
table_add(table_t *c, char *cell)
{
    char  **grown;

    if ((c->cells & (c->cells - 1)) == 0) {
        grown = realloc(c->cell, 2 * (c->cells + 1) * sizeof(char *));

        if (grown == NULL) {
            free(cell);
            return -1;
        }

        c->cell = grown;
    }

    c->cell[c->cells++] = cell;

    return cell ? 0 : -1;
}


void
table_print(const table_t *c, FILE *f, int colours)
{
    size_t     i, *width;
    locale_t   utf8, before;

    width = calloc(c->n, sizeof(size_t));

    if (width == NULL || c->cells == 0) {
        free(width);
        return;
    }

    /* the widths of characters must not depend on the user's locale */

    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);
    before = uselocale(utf8);

    table_fit(c, width);
    table_row(c, f, SIZE_MAX, width, 0);

    for (i = 0; i < c->cells / c->n; i++) {
        table_row(c, f, i, width, colours);
    }

    (void) uselocale(before);

    if (utf8) {
        freelocale(utf8);
    }

    free(width);
}


void
table_free(table_t *c)
{
    while (c->cells) {
        free(c->cell[--c->cells]);
    }

    free(c->cell);
}


static size_t
table_terminal(void)
{
    long            n;
    const char     *given;
    struct winsize  size;

    if (!isatty(STDOUT_FILENO)) {
        return SIZE_MAX;
    }

    given = getenv("COLUMNS");
    n = given ? strtol(given, NULL, 10) : 0;

    if (n > 0) {
        return (size_t) n;
    }

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col) {
        return size.ws_col;
    }

    return TABLE_WIDTH;
}


/*
 * Gives columns their least widths, the most important first, while they fit;
 * then shares what is left.
 */

static void
table_fit(const table_t *c, size_t *width)
{
    size_t  i, left, need, natural;

    left = table_terminal();

    for (i = 0; i < c->n; i++) {
        natural = table_natural(c, i);
        need = c->column[i].least && c->column[i].least < natural
               ? c->column[i].least : natural;

        if (i == 0 && need > left) {
            need = left;
        }

        if (natural && need + (i ? TABLE_GAP : 0) <= left) {
            width[i] = need;
            left -= need + (i ? TABLE_GAP : 0);
        }
    }

    for (i = 0; i < c->n; i++) {

        if (width[i]) {
            natural = table_natural(c, i);
            need = natural - width[i] < left ? natural - width[i] : left;
            width[i] += need;
            left -= need;
        }
    }
}


/* The full width of a column; 0 if all its cells are empty. */

static size_t
table_natural(const table_t *c, size_t i)
{
    size_t  j, n, width;

    width = 0;

    for (j = i; j < c->cells; j += c->n) {
        n = text_cells(c->cell[j], SIZE_MAX, NULL);
        width = n > width ? n : width;
    }

    n = strlen(c->column[i].title);

    return width && width < n ? n : width;
}


/* Prints a row; SIZE_MAX: the titles. */

static void
table_row(const table_t *c, FILE *f, size_t row, const size_t *width,
    int colours)
{
    size_t           i, last;
    const char      *cell, *colour;
    const column_t  *column;

    last = 0;

    for (i = 0; i < c->n; i++) {
        last = width[i] ? i : last;
    }

    for (i = 0; i <= last; i++) {

        if (width[i] == 0) {
            continue;
        }

        column = &c->column[i];
        cell = row == SIZE_MAX ? column->title : c->cell[row * c->n + i];
        colour = column->colour ? column->colour(cell, colours) : "";

        (void) fputs(colour, f);
        table_cell(f, cell, width[i], i == last);
        (void) fputs(*colour ? STATE_PLAIN : "", f);
        (void) fputs(i == last ? "\n" : "  ", f);
    }
}


static void
table_cell(FILE *f, const char *cell, size_t width, int last)
{
    size_t  n, bytes;

    n = text_cells(cell, width, &bytes);

    if (cell[bytes]) {
        n = text_cells(cell, width - 1, &bytes);
        (void) fprintf(f, "%.*s\u2026", (int) bytes, cell);
        n++;

    } else {
        (void) fputs(cell, f);
    }

    if (!last) {
        (void) fprintf(f, "%*s", (int) (width - n), "");
    }
}
