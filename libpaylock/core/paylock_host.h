
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


/* The hosts that a record is for, by its name; nginx hashes these numbers. */

typedef enum {
    PAYLOCK_HOST_EXACT = 0,            /* "x": x, and www.x without its own */
    PAYLOCK_HOST_BELOW,                /* "*.x": the names below x */
    PAYLOCK_HOST_FROM                  /* ".x": x and the names below it */
} paylock_host_kind_e;

paylock_host_kind_e paylock_host_kind(const char *name, size_t len);


/* The name of a record that may hold for a host: it points into the host. */

typedef struct {
    const char           *name;        /* behind "*." or "." */
    size_t                len;
    paylock_host_kind_e   kind;

    /* where to go on */

    const char           *host;
    const char           *end;
    unsigned              step;
    unsigned              www:1;
    unsigned              below:1;
} paylock_host_candidate_t;

/*
 * Begins to list the records that may hold for a host, the strongest first:
 * its own; unless www is 0 that of the name without "www."; from the longest
 * suffix to the shortest ".x", and "*.x" behind it.  The first that there is
 * holds; of ".x" and "*.x" the stricter.  paylock_host_beside() tells that.
 *
 * The host is a name without a prefix; by kind it stands for itself
 * (PAYLOCK_HOST_EXACT), or for what a record of that kind is for: then only
 * suffix records are listed.
 */

void paylock_host_candidates(paylock_host_candidate_t *c, const char *host,
    size_t len, paylock_host_kind_e kind, int www);

/* Takes the next one.  Returns 0 if there is none. */

int paylock_host_next(paylock_host_candidate_t *c);

/* May the candidate hold although one of this name, ".x", has a record? */

#define paylock_host_beside(c, from)                                          \
    ((c)->kind == PAYLOCK_HOST_BELOW && (c)->name == (from))


#endif /* _PAYLOCK_HOST_H_INCLUDED_ */
