
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Host names as people write them, in UTF-8, whatever the locale is.
 */


#ifndef _HOST_NAME_H_INCLUDED_
#define _HOST_NAME_H_INCLUDED_


#include "context/control.h"


void host_names_free(char **names, size_t n);

/*
 * Converts a name to the form that keys in Redis have; the caller frees *name,
 * which is NULL after an error.  Returns a status.
 */

int host_name_read(error_info_t *error, const char *text, char **name);

/*
 * Lists the names whose records may match a host; of "*.x" those for names
 * below x, of ".x" those for x.  *names has *n names, the most specific first,
 * and is freed with host_names_free().  If both ".x" and "*.x" after it have
 * records, the stricter one holds.  Returns a status.
 */

int host_name_candidates(control_t *ctl, const char *host, char ***names,
    size_t *n);


#endif /* _HOST_NAME_H_INCLUDED_ */
