
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads the command line by the tables of commands and options.
 */


#ifndef _COMMAND_H_INCLUDED_
#define _COMMAND_H_INCLUDED_


#include "cli/admin.h"


/*
 * Reads options before and behind the command, the command itself, its
 * arguments.  Returns a status.
 */

int command_parse(admin_t *a, int argc, char **argv);

/* The command called words[0] or "words[0] words[1]"; *used words of n. */

const command_t *command_find(const command_t *commands, char **words, int n,
    int *used);

/* Notes that there is none, and which may be meant; returns the status. */

int command_unknown(admin_t *a, char **words, int n);


#endif /* _COMMAND_H_INCLUDED_ */
