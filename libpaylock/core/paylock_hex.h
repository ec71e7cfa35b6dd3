
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Bytes as lower-case hex digits.
 */


#ifndef _PAYLOCK_HEX_H_INCLUDED_
#define _PAYLOCK_HEX_H_INCLUDED_


#include <stddef.h>

#include "paylock_str.h"


/* Writes 2 n digits and a zero. */

void paylock_hex(const unsigned char *bytes, size_t n, char *hex);

/* Is s of len such digits? */

int paylock_hex_check(const paylock_str_t *s, size_t len);


#endif /* _PAYLOCK_HEX_H_INCLUDED_ */
