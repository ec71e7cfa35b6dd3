
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Redis URLs: redis://[user:pass@]host[:port][/db], rediss://… and
 * unix:/path[?db=N].
 */


#ifndef _PAYLOCK_URL_H_INCLUDED_
#define _PAYLOCK_URL_H_INCLUDED_


#include <stddef.h>


typedef struct {
    char           *host;              /* without brackets; NULL for unix */
    char           *path;              /* of the socket; NULL for TCP */
    char           *user;              /* percent-decoded; NULL if none */
    char           *password;
    unsigned        port;
    unsigned        db;
    unsigned        tls:1;
} paylock_url_t;


/*
 * Reads a URL.  Returns NULL and fills *url, whose strings are its own until
 * paylock_url_free(); or returns why not, as a static text that fits behind
 * 'URL "…" '.  Nothing of the password is ever part of that text.
 */

const char *paylock_url_parse(const char *text, size_t len,
    paylock_url_t *url);

/* Frees the strings, wiping the password first. */

void paylock_url_free(paylock_url_t *url);


#endif /* _PAYLOCK_URL_H_INCLUDED_ */
