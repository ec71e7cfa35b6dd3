
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The SHA-256 of a file.
 */


#ifndef _DIGEST_H_INCLUDED_
#define _DIGEST_H_INCLUDED_


#include "paylock_audit.h"


/* Reads fd to its end; returns 0, or -1 and sets errno. */

int digest_file(int fd, char hex[PAYLOCK_HASH_LEN + 1]);


#endif /* _DIGEST_H_INCLUDED_ */
