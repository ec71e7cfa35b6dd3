
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A file of messages: "[xx]" heads a language, "name = text" is one, "#"
 * begins a comment.
 */


#ifndef _PAYLOCK_MESSAGES_H_INCLUDED_
#define _PAYLOCK_MESSAGES_H_INCLUDED_


#include <stddef.h>

#include "paylock_str.h"


/*
 * Finds the i-th language of the file, its tag and its texts.  Returns 1, or 0
 * if there are not so many.
 */

int paylock_messages_language(paylock_str_t file, size_t i, paylock_str_t *tag,
    paylock_str_t *texts);

/* The text called prefix followed by name; empty if there is none. */

paylock_str_t paylock_messages_find(paylock_str_t texts, const char *prefix,
    paylock_str_t name);


#endif /* _PAYLOCK_MESSAGES_H_INCLUDED_ */
