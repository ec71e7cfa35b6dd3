
/*
 * Copyright (C) 2026 paylock contributors
 *
 * For hosts without a record: the hosts in Redis with similar names.
 */


#ifndef _NEAR_H_INCLUDED_
#define _NEAR_H_INCLUDED_


#include "context/control.h"


#define NEAR_HOSTS  10                 /* per call of near_find(), at most */
#define NEAR_NAMES  3                  /* suggestions per host */
#define NEAR_TEXT   1024


typedef struct {
    const char  *host;
    size_t       best;                 /* edit distance of the names */
    size_t       n;                    /* number of names */
    char         name[NEAR_NAMES][256];
} near_t;


/*
 * Finds the most similar names for each of n hosts, in one scan of the records
 * that takes a second at most.  Errors are ignored, as it is only a hint.
 */

void near_find(control_t *ctl, near_t *near, size_t n);

/* Writes 'did you mean "…"?', or an empty text without suggestions. */

void near_text(const near_t *near, char text[NEAR_TEXT]);


#endif /* _NEAR_H_INCLUDED_ */
