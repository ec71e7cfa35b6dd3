
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Text that is made safe to stand in a document.
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
 * Writes text to dst as it may stand in the format: in HTML between tags or
 * in a quoted attribute, in JSON in a string.  A control character becomes a
 * space and a byte that is no UTF-8 U+FFFD.  Returns the length, which is
 * all that happens when dst is NULL.
 */

size_t paylock_escape(char *dst, paylock_format_e format, paylock_str_t text);



#endif /* _PAYLOCK_ESCAPE_H_INCLUDED_ */
