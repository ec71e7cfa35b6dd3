
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Text escaped for a document.
 */


#ifndef _PAYLOCK_ESCAPE_H_INCLUDED_
#define _PAYLOCK_ESCAPE_H_INCLUDED_


#include "paylock_str.h"


typedef enum {
    PAYLOCK_FORMAT_HTML = 0,
    PAYLOCK_FORMAT_JSON,               /* application/problem+json */
    PAYLOCK_FORMAT_TEXT,
    PAYLOCK_FORMAT_NONE                /* no body */
} paylock_format_e;


/*
 * Writes text to dst, escaped: for HTML between tags or in a quoted attribute,
 * for JSON within a string.  A control character becomes a space, a byte that
 * is not UTF-8 becomes U+FFFD.  Returns the length; with dst NULL it only
 * measures.
 */

size_t paylock_escape(char *dst, paylock_format_e format, paylock_str_t text);



#endif /* _PAYLOCK_ESCAPE_H_INCLUDED_ */
