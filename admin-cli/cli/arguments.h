
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Values of options and arguments, checked.
 */


#ifndef _ARGUMENTS_H_INCLUDED_
#define _ARGUMENTS_H_INCLUDED_


#include "cli/admin.h"


/*
 * Reads the command's arguments as host names to *names, a list of *n names
 * in the form of Redis, each once; the caller frees it with names_free().
 * Returns a status.
 */

int arguments_hosts(admin_t *a, char ***names, size_t *n);

/* Checks the text of an option, of max bytes at most.  Returns a status. */

int arguments_text(admin_t *a, option_e option, size_t max);

/*
 * Reads an option that is a time, or a day; *when is Unix seconds, and left
 * alone if the option is not given.  Return a status.
 */

int arguments_time(admin_t *a, option_e option, uint32_t now, uint32_t *when);
int arguments_day(admin_t *a, option_e option, uint32_t *when);

/*
 * Checks the options that tell of a case and sets text[], which has
 * PAYLOCK_AUDIT_FIELDS members.  Returns a status.
 */

int arguments_case(admin_t *a, const char **text);


#endif /* _ARGUMENTS_H_INCLUDED_ */
