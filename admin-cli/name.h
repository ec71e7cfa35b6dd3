
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Host names as people write them, in UTF-8 whatever the locale.
 */


#ifndef _NAME_H_INCLUDED_
#define _NAME_H_INCLUDED_


#include "command.h"


/*
 * Reads the command's arguments as host names to *names, a list of *n names
 * in the form of Redis, each once; the caller frees it with names_free().
 * Returns a status.
 */

int names_read(admin_t *a, char ***names, size_t *n);
void names_free(char **names, size_t n);

/*
 * The name whose record holds when the host has none of its own; NULL if
 * there is no such name.
 */

const char *name_fallback(const char *host);


#endif /* _NAME_H_INCLUDED_ */
