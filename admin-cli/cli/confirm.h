
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Asks the user for confirmation.
 */


#ifndef _CONFIRM_H_INCLUDED_
#define _CONFIRM_H_INCLUDED_


#include "cli/admin.h"


/*
 * Prints the matter and asks the question on the terminal.  With --yes or
 * --dry-run it does not ask; without a terminal one of them is required.
 * Returns a status, STATUS_DONE for yes.
 */

int confirm(admin_t *a, const char *matter, const char *question);


#endif /* _CONFIRM_H_INCLUDED_ */
