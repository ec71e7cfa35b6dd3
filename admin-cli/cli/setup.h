
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Sets up what a command needs before it runs.
 */


#ifndef _SETUP_H_INCLUDED_
#define _SETUP_H_INCLUDED_


#include "cli/admin.h"


/*
 * Checks the options of the command, and sets up what its row in the table
 * asks for.  Returns a status.
 */

int setup_command(admin_t *a);

/* Sets up what the flags ask for, SETUP_* each.  Returns a status. */

int setup(admin_t *a, unsigned flags);

void setup_free(admin_t *a);


#endif /* _SETUP_H_INCLUDED_ */
