
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Text from people and from Redis: checked when it is read, escaped when it
 * is printed.
 */


#ifndef _TEXT_H_INCLUDED_
#define _TEXT_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>


/*
 * Checks for UTF-8 of at most max bytes without control characters.  Returns
 * NULL if the text is good, else a static text that says why not.
 */

const char *text_check(const char *text, size_t len, size_t max);

/*
 * Prints text that cannot be trusted.  Control characters, characters that are
 * invisible or change the direction of writing, and bytes that are not UTF-8
 * are printed as \xHH.
 */

void text_print(FILE *f, const char *text, size_t len);

/* The same as a string, which the caller frees; NULL when out of memory. */

char *text_safe(const char *text, size_t len);

/*
 * Returns how many cells of a terminal the longest beginning of the text takes
 * up that fits into "most" cells, and sets *bytes to its length; bytes may be
 * NULL.  Uses the current locale.
 */

size_t text_cells(const char *text, size_t most, size_t *bytes);

/*
 * Returns a new JSON string, escaped as by text_print() if the text is not
 * UTF-8; JSON null if it is empty; NULL when out of memory.
 */

json_t *text_json(const char *text, size_t len);

/* The same for a string member of an object; JSON null if there is none. */

json_t *text_member(const json_t *object, const char *name);

/* A new JSON integer; JSON null for 0. */

json_t *number_json(uint64_t n);


#endif /* _TEXT_H_INCLUDED_ */
