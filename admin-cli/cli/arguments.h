
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Checks the values of options and arguments.
 */


#ifndef _ARGUMENTS_H_INCLUDED_
#define _ARGUMENTS_H_INCLUDED_


#include "cli/admin.h"


/*
 * Converts the command's arguments to host names as in Redis, without
 * duplicates.  The caller frees *names with host_names_free().  Returns a
 * status.
 */

int arguments_hosts(admin_t *a, char ***names, size_t *n);

/*
 * Parses an option that is a time; *when is Unix seconds and unchanged if the
 * option is not given.  Returns a status.
 */

int arguments_time(admin_t *a, option_e option, uint32_t now, uint32_t *when);


#endif /* _ARGUMENTS_H_INCLUDED_ */
