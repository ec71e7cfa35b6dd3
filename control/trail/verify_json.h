
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The result of a verification as JSON.
 */


#ifndef _VERIFY_JSON_H_INCLUDED_
#define _VERIFY_JSON_H_INCLUDED_


#include <jansson.h>

#include "trail/verify.h"


/* header is that of an export, or NULL for Redis; NULL: out of memory. */

json_t *verify_json(const verify_t *c,
    const paylock_export_header_t *header);

/* The time of an entry, in Unix seconds. */

uint32_t verify_seconds(uint64_t ms);


#endif /* _VERIFY_JSON_H_INCLUDED_ */
