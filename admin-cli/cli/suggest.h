
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What somebody may have meant who typed what there is not.
 */


#ifndef _SUGGEST_H_INCLUDED_
#define _SUGGEST_H_INCLUDED_


#include "commands.h"


#define SUGGEST_TEXT  512


/*
 * The mend for a command, or for an option of these, that there is not: it
 * names those that are nearest, or where all are listed.
 */

void suggest_command(char **words, int n, char text[SUGGEST_TEXT]);
void suggest_option(const char *given, uint64_t options,
    char text[SUGGEST_TEXT]);

/* How many slips make one word of the other; many if they are too long. */

size_t suggest_distance(const char *one, const char *two);

/* 'did you mean "a", "b" or "c"?', each with what stands before it. */

void suggest_names(const char *const *name, size_t n, const char *before,
    char *text, size_t size);


#endif /* _SUGGEST_H_INCLUDED_ */
