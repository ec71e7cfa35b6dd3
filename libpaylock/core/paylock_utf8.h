
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Text in UTF-8 (RFC 3629).
 */


#ifndef _PAYLOCK_UTF8_H_INCLUDED_
#define _PAYLOCK_UTF8_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


/*
 * The length of the character that text begins with, of which left bytes,
 * one or more, are there; 0 if it is not UTF-8.  *code becomes its code
 * point; code may be NULL.
 */

size_t paylock_utf8(const void *text, size_t left, uint32_t *code);

/* Is the whole text UTF-8 without a NUL, at which a printer would stop? */

int paylock_utf8_check(const char *text, size_t len);


#endif /* _PAYLOCK_UTF8_H_INCLUDED_ */
