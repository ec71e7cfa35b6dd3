
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Amounts, currencies and due days as people write them.
 */


#ifndef _AMOUNT_DUE_H_INCLUDED_
#define _AMOUNT_DUE_H_INCLUDED_


#include <stdint.h>


/* Is it digits, optionally followed by a point and 1 to 4 digits? */

int amount_is_number(const char *s);

/* Is it three capital letters, as in ISO 4217? */

int amount_is_currency(const char *s);

/*
 * Parses a day such as 2026-11-01; *when is local midnight, in Unix seconds.
 * Returns NULL, or a static text that says why it is not a day.
 */

const char *amount_due_day(const char *day, uint32_t *when);


#endif /* _AMOUNT_DUE_H_INCLUDED_ */
