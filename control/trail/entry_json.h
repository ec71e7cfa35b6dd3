
/*
 * Copyright (C) 2026 paylock contributors
 *
 * An entry of the audit trail for scripts.
 */


#ifndef _ENTRY_JSON_H_INCLUDED_
#define _ENTRY_JSON_H_INCLUDED_


#include <jansson.h>

#include "paylock_audit.h"


/* An object with all fields of a valid entry; NULL: out of memory. */

json_t *entry_json(const paylock_entry_t *e);

/* Its time, in Unix seconds. */

uint32_t entry_seconds(const paylock_entry_t *e);


#endif /* _ENTRY_JSON_H_INCLUDED_ */
