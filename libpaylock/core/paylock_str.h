
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Counted strings, which point into memory that others own.
 */


#ifndef _PAYLOCK_STR_H_INCLUDED_
#define _PAYLOCK_STR_H_INCLUDED_


#include <stddef.h>
#include <string.h>


typedef struct {
    const char  *data;
    size_t       len;
} paylock_str_t;


#define paylock_string(text)  (paylock_str_t) { text, sizeof(text) - 1 }


/* inline, so that the compiler knows the length of the text */

static inline int
paylock_str_is(paylock_str_t s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}


/*
 * Takes off s what stands before the first such byte, and the byte; all of s
 * if there is none.  Returns what stood before it.
 */

paylock_str_t paylock_str_cut(paylock_str_t *s, char end);


#endif /* _PAYLOCK_STR_H_INCLUDED_ */
