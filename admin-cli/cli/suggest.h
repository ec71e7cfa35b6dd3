
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Suggestions for unknown commands and options.
 */


#ifndef _SUGGEST_H_INCLUDED_
#define _SUGGEST_H_INCLUDED_


#include "cli/admin.h"


#define SUGGEST_TEXT  512


/*
 * Write the mend of an error for an unknown command, or for an option that is
 * not one of "options" (OPT_BIT() each): it names the most similar ones, or the
 * help that lists all.
 */

void suggest_command(const command_t *commands, char **words, int n,
    char text[SUGGEST_TEXT]);
void suggest_option(const char *given, uint64_t options,
    char text[SUGGEST_TEXT]);


#endif /* _SUGGEST_H_INCLUDED_ */
