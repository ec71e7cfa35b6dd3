
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The passes in the audit trail, and whether they are valid.
 */


#ifndef _PASS_LIST_H_INCLUDED_
#define _PASS_LIST_H_INCLUDED_


#include <jansson.h>

#include "context/control.h"


/*
 * Sets *passes to a new array: those of a host as in Redis, or with NULL of
 * all, in the order of their entries.  Warns of entries that are archived.
 * Returns a status.
 */

int pass_list(control_t *ctl, const char *host, uint32_t now,
    json_t **passes);


#endif /* _PASS_LIST_H_INCLUDED_ */
