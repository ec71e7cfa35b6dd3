
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is only done after a yes.
 */


#ifndef _CONFIRM_H_INCLUDED_
#define _CONFIRM_H_INCLUDED_


#include "cli/admin.h"


/*
 * Says what is the matter and asks the question on a terminal; in a script
 * --yes is needed.  Returns a status, done being a yes.
 */

int confirm(admin_t *a, const char *matter, const char *question);


#endif /* _CONFIRM_H_INCLUDED_ */
