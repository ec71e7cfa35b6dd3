
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The file of words: "[xx]" heads a language, "name = words" is a text, "#"
 * begins a comment.
 */


#ifndef _PAYLOCK_WORDS_H_INCLUDED_
#define _PAYLOCK_WORDS_H_INCLUDED_


#include <stddef.h>

#include "paylock_str.h"


/* The i-th language, its tag and its texts.  Returns 1, 0 if there is none. */

int paylock_words_language(paylock_str_t file, size_t i, paylock_str_t *tag,
    paylock_str_t *texts);

/* The text whose name is prefix and name together; empty if there is none. */

paylock_str_t paylock_words_find(paylock_str_t texts, const char *prefix,
    paylock_str_t name);

/* Cuts off s what stands before end, and end itself; all if there is none. */

paylock_str_t paylock_words_cut(paylock_str_t *s, char end);


#endif /* _PAYLOCK_WORDS_H_INCLUDED_ */
