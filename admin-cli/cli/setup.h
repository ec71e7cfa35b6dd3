
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What commands need before they run.
 */


#ifndef _SETUP_H_INCLUDED_
#define _SETUP_H_INCLUDED_


#include "cli/admin.h"


/*
 * Checks the options of the command, and sets up what its row in the table
 * names.  Returns a status.
 */

int setup_command(admin_t *a);

/* Sets up what the flags name, see SETUP_HOSTS.  Returns a status. */

int setup(admin_t *a, unsigned flags);

void setup_free(admin_t *a);


#endif /* _SETUP_H_INCLUDED_ */
