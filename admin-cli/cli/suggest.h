
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What somebody may have meant who typed what there is not.
 */


#ifndef _SUGGEST_H_INCLUDED_
#define _SUGGEST_H_INCLUDED_


#include "cli/admin.h"


#define SUGGEST_TEXT  512


/*
 * The mend for a command, or for an option of these, that there is not: it
 * names those that are nearest, or where all are listed.
 */

void suggest_command(const command_t *commands, char **words, int n,
    char text[SUGGEST_TEXT]);
void suggest_option(const char *given, uint64_t options,
    char text[SUGGEST_TEXT]);


#endif /* _SUGGEST_H_INCLUDED_ */
