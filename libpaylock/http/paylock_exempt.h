
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
 * Can it be an exempt path: absolute, each byte for itself, nothing that one
 * server takes for something else than another: no escape, no empty or dot
 * segment, no parameter, no argument.  Returns NULL, or why not, as a static
 * text that fits behind 'path "…" '.
 */

const char *paylock_exempt_check(const char *path, size_t len);

/*
 * Does the target of a request, as the client sent it, fall under the exempt
 * path, which has passed the check?  It does if it is that path, or begins
 * with it if that ends in a slash, and passes the check itself; under
 * PAYLOCK_EXEMPT_ACME only one token of A-Za-z0-9_- may follow.
 */

int paylock_exempt_match(const char *path, size_t path_len,
    const char *target, size_t len);


#endif /* _PAYLOCK_EXEMPT_H_INCLUDED_ */
