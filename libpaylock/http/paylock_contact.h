
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Whom the owner of a locked site is to contact.
 */


#ifndef _PAYLOCK_CONTACT_H_INCLUDED_
#define _PAYLOCK_CONTACT_H_INCLUDED_


#include "paylock_escape.h"
#include "paylock_str.h"


/*
 * Writes the contact to dst: escaped, in HTML as a link if it begins with
 * https:, mailto: or tel:, shown as the address alone but in JSON.  Returns
 * the length, which is all that happens when dst is NULL.
 */

size_t paylock_contact(char *dst, paylock_format_e format,
    paylock_str_t contact);


#endif /* _PAYLOCK_CONTACT_H_INCLUDED_ */
