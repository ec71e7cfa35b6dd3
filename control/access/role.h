
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Roles of sessions, by which people use the API: each is a name for scopes.
 */


#ifndef _ROLE_H_INCLUDED_
#define _ROLE_H_INCLUDED_


#include <jansson.h>


#define ROLE_LINK     300              /* s that a link for a session is good */
#define ROLE_SESSION  (12 * 3600)      /* s of a session, at most */
#define ROLE_IDLE     1800             /* ... that it may go unused */

#define ROLE_REFERENCE  "session"      /* of the entries that tell of them */


typedef struct {
    const char         *name;
    const char *const  *scopes;        /* a NULL ends them */
} role_t;


/* ended by one without a name */

extern const role_t  roles[];

/* NULL: there is none of that name. */

const role_t *role_named(const char *name);

int role_allows(const role_t *role, const char *scope);

/* The scopes, as a new array; NULL: no memory. */

json_t *role_scopes(const role_t *role);


#endif /* _ROLE_H_INCLUDED_ */
