
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Host names as they stand in Redis: lower case, no port, no trailing dot,
 * IDN as A-labels; "*.x" for the subdomains of x and ".x" for x and them.
 */


#ifndef _PAYLOCK_HOST_H_INCLUDED_
#define _PAYLOCK_HOST_H_INCLUDED_


#include <stddef.h>


/* the longest name (RFC 1035, 2.3.4, as text) behind the longest prefix */

#define PAYLOCK_HOST_NAME   253
#define PAYLOCK_HOST_MAX    (PAYLOCK_HOST_NAME + sizeof("*.") - 1)


/*
 * Checks that name is a host name in the form above.  Returns NULL, or why
 * it is not one, as a static text that fits behind 'host "…" '.
 */

const char *paylock_host_check(const char *name, size_t len);

/*
 * Writes to form, 0-terminated, what name would be in the right form if
 * only the letter case, a trailing dot, a port, or a scheme and a path are
 * wrong with it.  Returns its length, 0 if there is no such form.
 */

size_t paylock_host_right_form(const char *name, size_t len,
    char form[PAYLOCK_HOST_MAX + 1]);

/* The length of a leading "*." or "." of a suffix record's name, else 0. */

size_t paylock_host_suffix(const char *name, size_t len);


#endif /* _PAYLOCK_HOST_H_INCLUDED_ */
