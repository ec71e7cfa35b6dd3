
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Content negotiation (RFC 9110, section 12) for the locked answer.
 */


#ifndef _PAYLOCK_NEGOTIATE_H_INCLUDED_
#define _PAYLOCK_NEGOTIATE_H_INCLUDED_


#include <stddef.h>

#include "paylock_escape.h"


/*
 * The form of the body by the fields Accept and Sec-Fetch-Dest; data is NULL
 * for a field that was not sent.  Of forms liked equally one that is named
 * goes before one that a wildcard covers, then the first in the order above.
 * A client that likes an image, a style, a script or a font better than all
 * of them gets no body, one that accepts nothing of all that gets text.
 */

paylock_format_e paylock_negotiate_format(const char *accept, size_t accept_len,
    const char *dest, size_t dest_len);

/*
 * The index in tags (lower-case primary language subtags) of the language
 * liked best by the field Accept-Language (RFC 4647, lookup on the primary
 * subtag); 0 when none is or nothing was sent.
 */

size_t paylock_negotiate_language(const char *field, size_t len,
    const char *const *tags, size_t n);


#endif /* _PAYLOCK_NEGOTIATE_H_INCLUDED_ */
