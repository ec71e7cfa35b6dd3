
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is owed, as people write it.
 */


#ifndef _AMOUNT_DUE_H_INCLUDED_
#define _AMOUNT_DUE_H_INCLUDED_


#include <stdint.h>


/* Is it digits, and perhaps a point and up to 4 digits more? */

int amount_is_number(const char *s);

/* Is it three capital letters, as ISO 4217 has them? */

int amount_is_currency(const char *s);

/*
 * A day such as 2026-11-01; *when is its first moment here, Unix seconds.
 * Returns NULL, or why it is none.
 */

const char *amount_due_day(const char *day, uint32_t *when);


#endif /* _AMOUNT_DUE_H_INCLUDED_ */
