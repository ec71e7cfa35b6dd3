
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The manual page paylock-admin(1), from the tables of commands, options and
 * settings.
 */


#ifndef _MANUAL_H_INCLUDED_
#define _MANUAL_H_INCLUDED_


#include <stdio.h>

#include "cli/admin.h"


/* Prints the page in the macros of man(7). */

void manual_print(FILE *f, const command_t *commands);


#endif /* _MANUAL_H_INCLUDED_ */
