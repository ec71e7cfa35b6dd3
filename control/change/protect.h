
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The changes "protect" and "unprotect", for sites that must never be locked.
 * A protected host has an open record of its own, which takes precedence over
 * those of suffixes and over the server's default: nginx ignores the mark.
 */


#ifndef _PROTECT_H_INCLUDED_
#define _PROTECT_H_INCLUDED_


#include "change/change_batch.h"


/* args of the batch: the reason, a string; NULL: unchanged */

extern const change_kind_t  change_protect;
extern const change_kind_t  change_unprotect;


/* Fails if a host is a suffix: these cannot be protected.  A status. */

int change_protect_check(control_t *ctl, char **host, size_t n);


#endif /* _PROTECT_H_INCLUDED_ */
