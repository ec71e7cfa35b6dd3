
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What answers are made of, as JSON Schema for the OpenAPI document.
 */


#ifndef _SCHEMA_H_INCLUDED_
#define _SCHEMA_H_INCLUDED_


#include <jansson.h>


/* All of them, by name: what routes answer, what that has, and "problem". */

json_t *schema_all(void);

/* A reference to one, as it stands in the document. */

json_t *schema_reference(const char *name);


#endif /* _SCHEMA_H_INCLUDED_ */
