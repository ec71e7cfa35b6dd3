
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Paths that stay open on a locked host.
 */


#ifndef _PAYLOCK_EXEMPT_H_INCLUDED_
#define _PAYLOCK_EXEMPT_H_INCLUDED_


#include <stddef.h>


/* where ACME's http-01 challenge is answered (RFC 8555, 8.3) */

#define PAYLOCK_EXEMPT_ACME  "/.well-known/acme-challenge/"


/*
 * Can it be an exempt path?  It must be absolute and mean the same to every
 * server: no escape, no empty or dot segment, no parameter, no argument.
 * Returns NULL, or why not, as a static text that fits behind 'path "…" '.
 */

const char *paylock_exempt_check(const char *path, size_t len);

/*
 * Is the target of a request, as the client sent it, exempt by this path,
 * which has passed the check?  The target must pass the check itself, and be
 * that path or, if the path ends in a slash, begin with it.  Behind
 * PAYLOCK_EXEMPT_ACME only one token of A-Za-z0-9_- may follow.
 */

int paylock_exempt_match(const char *path, size_t path_len,
    const char *target, size_t len);


#endif /* _PAYLOCK_EXEMPT_H_INCLUDED_ */
