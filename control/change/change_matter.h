
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Does a change need a confirmation?  Suffixes do, and many hosts.
 */


#ifndef _CHANGE_MATTER_H_INCLUDED_
#define _CHANGE_MATTER_H_INCLUDED_


#include "change/change_batch.h"


#define CHANGE_MANY    20              /* so many hosts need none */
#define CHANGE_MATTER  1024            /* bytes */


/*
 * Sets matter to what is to be confirmed next, and *host to the one that it is
 * about (NULL: all), and returns 1; returns 0 if nothing is.  *next is 0 before
 * the first.
 */

int change_matter(const change_batch_t *b, size_t *next,
    char matter[CHANGE_MATTER], const char **host);


#endif /* _CHANGE_MATTER_H_INCLUDED_ */
