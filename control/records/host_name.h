
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Host names as people write them, in UTF-8 whatever the locale.
 */


#ifndef _HOST_NAME_H_INCLUDED_
#define _HOST_NAME_H_INCLUDED_


#include "context/control.h"


void host_names_free(char **names, size_t n);

/*
 * Reads one name, such as people give, to *name, which the caller frees.
 * Returns a status, and notes the problem.
 */

int host_name_read(error_info_t *error, const char *text, char **name);

/*
 * The names whose records may hold for a host, for the names below x of
 * "*.x", or for the x of ".x": *names, a list of *n in the order in which
 * they do.  Of ".x" and "*.x" behind it the stricter holds.  Returns a status.
 */

int host_name_candidates(control_t *ctl, const char *host, char ***names,
    size_t *n);


#endif /* _HOST_NAME_H_INCLUDED_ */
