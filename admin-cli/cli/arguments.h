
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
 * Parse an option that is a time, or a day; *when is Unix seconds and unchanged
 * if the option is not given.  Return a status.
 */

int arguments_time(admin_t *a, option_e option, uint32_t now, uint32_t *when);
int arguments_day(admin_t *a, option_e option, uint32_t *when);

/*
 * Check the value of an option by the type of its field; and that of --reason.
 * Return a status.
 */

int arguments_field(admin_t *a, option_e option, const paylock_field_t *field);
int arguments_reason(admin_t *a);

/*
 * Checks the options for the fields of a case and sets text[], indexed by
 * paylock_audit_field_e (PAYLOCK_AUDIT_FIELDS members).  Returns a status.
 */

int arguments_case(admin_t *a, const char **text);


#endif /* _ARGUMENTS_H_INCLUDED_ */
