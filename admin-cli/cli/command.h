
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Parses the command line by the tables of commands and options.
 */


#ifndef _COMMAND_H_INCLUDED_
#define _COMMAND_H_INCLUDED_


#include "cli/admin.h"


/*
 * Parses the options before and after the command, the command and its
 * arguments into *a.  Returns a status.
 */

int command_parse(admin_t *a, int argc, char **argv);

/*
 * Finds the command called words[0] or "words[0] words[1]", of n words; *used
 * is the number of words in its name.  If there is none, returns NULL, and
 * *used is 1 if words[0] begins the names of commands of two words, else 0.
 */

const command_t *command_find(const command_t *commands, char **words, int n,
    int *used);

/* Sets the error for an unknown command, with suggestions.  A status. */

int command_unknown(admin_t *a, char **words, int n);


#endif /* _COMMAND_H_INCLUDED_ */
