
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Words of fields that hold several, with a space between: numbers and hashes.
 */


#ifndef _PAYLOCK_WORDS_H_INCLUDED_
#define _PAYLOCK_WORDS_H_INCLUDED_


#include <stdint.h>

#include "paylock_str.h"


/*
 * Takes the next word, and the space behind it.  The first: a number from 1 on,
 * decimal, without zeros in front; the second: so many lower-case hex digits,
 * which get a zero behind them.  Both return 1, or 0 if the word is none.
 */

int paylock_words_number(paylock_str_t *text, uint64_t *n);
int paylock_words_hex(paylock_str_t *text, size_t len, char *hex);


#endif /* _PAYLOCK_WORDS_H_INCLUDED_ */
