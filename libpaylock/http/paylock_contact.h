
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The contact of a locked site: a link, an address or a text.
 */


#ifndef _PAYLOCK_CONTACT_H_INCLUDED_
#define _PAYLOCK_CONTACT_H_INCLUDED_


#include "paylock_escape.h"
#include "paylock_str.h"


/*
 * Writes the contact to dst, escaped.  If it begins with https:, mailto: or
 * tel: it is a link in HTML, and people see the address without mailto: or
 * tel:; in JSON it stays as it is.  Returns the length; with dst NULL it only
 * measures.
 */

size_t paylock_contact(char *dst, paylock_format_e format,
    paylock_str_t contact);


#endif /* _PAYLOCK_CONTACT_H_INCLUDED_ */
