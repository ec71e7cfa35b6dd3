
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Suggestions for mistyped words.
 */


#ifndef _MISTYPE_H_INCLUDED_
#define _MISTYPE_H_INCLUDED_


#include <stddef.h>


#define MISTYPE_WORD  255              /* bytes, of words to be compared */


/*
 * The edit distance of two words: the number of letters to insert, delete,
 * replace, or swap with the next one.  MISTYPE_WORD if a word is longer than
 * that.
 */

size_t mistype_distance(const char *one, const char *two);

/*
 * Writes 'did you mean "a", "b" or "c"?', with the text "before" put in front
 * of each name.
 */

void mistype_names(const char *const *name, size_t n, const char *before,
    char *text, size_t size);


#endif /* _MISTYPE_H_INCLUDED_ */
