
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Hosts that have no record, and the records whose hosts are nearly them.
 */


#ifndef _NEAR_H_INCLUDED_
#define _NEAR_H_INCLUDED_


#include "context/control.h"


#define NEAR_HOSTS  10                 /* that are looked for at once */
#define NEAR_NAMES  3                  /* that are named for one */
#define NEAR_TEXT   1024


typedef struct {
    const char  *host;
    size_t       best;
    size_t       n;
    char         name[NEAR_NAMES][256];
} near_t;


/*
 * Finds for each of n hosts the names that are nearest, in one look at the
 * records that takes a second at most.  It is a hint: what fails is not told.
 */

void near_find(control_t *ctl, near_t *near, size_t n);

/* 'did you mean "…"?'; empty if there are none. */

void near_text(const near_t *near, char text[NEAR_TEXT]);


#endif /* _NEAR_H_INCLUDED_ */
