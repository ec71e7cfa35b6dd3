
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The manual page paylock-admin(1), from the tables of commands, options and
 * settings.
 */


#ifndef _MANUAL_H_INCLUDED_
#define _MANUAL_H_INCLUDED_


#include <stdio.h>


/* Prints the page in the macros of man(7). */

void manual_print(FILE *f);


#endif /* _MANUAL_H_INCLUDED_ */
