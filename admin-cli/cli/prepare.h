
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Sets up what a command needs before it runs.
 */


#ifndef _PREPARE_H_INCLUDED_
#define _PREPARE_H_INCLUDED_


#include "cli/admin.h"


/*
 * Checks the options of the command, and sets up what its row in the table
 * asks for.  Returns a status.
 */

int prepare_command(admin_t *a);

/* Sets up what the flags ask for, NEEDS_* each.  Returns a status. */

int prepare(admin_t *a, unsigned flags);

void prepare_free(admin_t *a);


#endif /* _PREPARE_H_INCLUDED_ */
