
/*
 * Copyright (C) 2026 paylock contributors
 *
 * SHA-256 in hex, of a file or a text.
 */


#ifndef _DIGEST_H_INCLUDED_
#define _DIGEST_H_INCLUDED_


#include "paylock_audit.h"


/* Reads fd to its end; returns 0, or -1 and sets errno. */

int digest_file(int fd, char hex[PAYLOCK_HASH_LEN + 1]);

/* Returns 0, or -1 if OpenSSL fails, as when out of memory. */

int digest_text(const char *text, size_t len, char hex[PAYLOCK_HASH_LEN + 1]);


#endif /* _DIGEST_H_INCLUDED_ */
