
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Words that were mistyped.
 */


#ifndef _MISTYPE_H_INCLUDED_
#define _MISTYPE_H_INCLUDED_


#include <stddef.h>


#define MISTYPE_WORD  255              /* bytes that are compared, at most */


/*
 * How many letters to add, to take away, to change, or to swap with the next
 * make one word of the other; MISTYPE_WORD if one is longer than that.
 */

size_t mistype_distance(const char *one, const char *two);

/* Writes 'did you mean "a", "b" or "c"?', before standing before each. */

void mistype_names(const char *const *name, size_t n, const char *before,
    char *text, size_t size);


#endif /* _MISTYPE_H_INCLUDED_ */
