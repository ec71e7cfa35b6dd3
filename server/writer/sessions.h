
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Sessions, and the links by which they begin.  They are in memory only: who
 * restarts the writer ends them all, and no link is good a second time.
 */


#ifndef _SESSIONS_H_INCLUDED_
#define _SESSIONS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "access/role.h"
#include "access/tokens.h"
#include "paylock_audit.h"


typedef struct {
    const role_t  *role;
    uint64_t       entry;              /* seq of the one that tells of it */
    uint32_t       expires;            /* Unix seconds */
} session_t;


/* Is there room for one more? */

int sessions_room(void);

/*
 * Adds a link, of that SHA-256 in hex digits; sets s->expires.  Returns 0, or
 * -1: there is no room.
 */

int sessions_put(const char *sha256, session_t *s);

/*
 * Makes a session in place of the link; sets its secret and *s.  Returns 1, 0:
 * there is no such link; -1: OpenSSL makes no secret.
 */

int sessions_begin(const char *link, char secret[TOKEN_TEXT], session_t *s);

/* Finds a session; used: somebody uses it now.  Returns 1 and sets *s, or 0. */

int sessions_find(const char *secret, int used, session_t *s);

/* Ends one; returns 1, or 0: there is no such session. */

int sessions_end(const char *secret);

/* How many sessions and links are there?  With end they are no more. */

size_t sessions_all(int end);


#endif /* _SESSIONS_H_INCLUDED_ */
