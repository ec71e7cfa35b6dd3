
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Text from people and from Redis: checked on the way in, made harmless on
 * the way out.
 */


#ifndef _TEXT_H_INCLUDED_
#define _TEXT_H_INCLUDED_


#include <stddef.h>
#include <stdio.h>

#include <jansson.h>


/*
 * Is it UTF-8 of at most max bytes without control characters?  Returns
 * NULL, or why it is not, as a static text.
 */

const char *text_check(const char *text, size_t len, size_t max);

/*
 * Prints text so that it can neither move the cursor, nor turn the line
 * round, nor begin a new one: such characters and what is not UTF-8 appear
 * as \xHH.
 */

void text_print(FILE *f, const char *text, size_t len);

/* The same to a string that the caller frees; NULL when out of memory. */

char *text_safe(const char *text, size_t len);

/*
 * How many cells of a terminal the beginning of a text takes up that fits
 * into most, and to *bytes, which may be NULL, how long that is.
 */

size_t text_cells(const char *text, size_t most, size_t *bytes);

/*
 * The text as a JSON string, one that is not UTF-8 as it would be printed;
 * JSON null if it is empty.  NULL when out of memory.
 */

json_t *text_json(const char *text, size_t len);

/* The same for a string member of an object, null if there is none. */

json_t *text_member(const json_t *object, const char *name);


#endif /* _TEXT_H_INCLUDED_ */
