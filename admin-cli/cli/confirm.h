
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

/*
 * The same for what nobody means by accident: the user has to type the word;
 * --yes is not enough.
 */

int confirm_typed(admin_t *a, const char *matter, const char *question,
    const char *word);


#endif /* _CONFIRM_H_INCLUDED_ */
