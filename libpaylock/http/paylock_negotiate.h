
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
 * The format of the body by the fields Accept and Sec-Fetch-Dest; NULL for one
 * that was not sent.  Among formats of equal weight one that is named wins over
 * one that a wildcard covers, then the first of paylock_format_e.  A client
 * that prefers an image, a style, a script or a font gets no body; one that
 * accepts none of all these gets text.
 */

paylock_format_e paylock_negotiate_format(const char *accept, size_t accept_len,
    const char *dest, size_t dest_len);

/*
 * The index in tags (lower-case primary language subtags) of the language that
 * the field Accept-Language prefers (RFC 4647, lookup by the primary subtag);
 * 0 if it accepts none, or was not sent.
 */

size_t paylock_negotiate_language(const char *field, size_t len,
    const char *const *tags, size_t n);


#endif /* _PAYLOCK_NEGOTIATE_H_INCLUDED_ */
