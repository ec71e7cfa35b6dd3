
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Sites that are never to be locked.  What is protected has an open record of
 * its own, which comes before that of any suffix and the server's default: so
 * nginx needs to know nothing of the mark.
 */


#ifndef _PROTECT_H_INCLUDED_
#define _PROTECT_H_INCLUDED_


#include "change/change_batch.h"


/* a batch's args are the reason, a string; NULL: as it is */

extern const change_kind_t  change_protect;
extern const change_kind_t  change_unprotect;


/* Refuses suffixes, which cannot be protected.  Returns a status. */

int change_protect_check(control_t *ctl, char **host, size_t n);


#endif /* _PROTECT_H_INCLUDED_ */
