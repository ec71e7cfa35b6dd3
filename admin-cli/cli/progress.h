
/*
 * Copyright (C) 2026 paylock contributors
 *
 * How far a long command is, for a person who waits for it at a terminal.
 */


#ifndef _PROGRESS_H_INCLUDED_
#define _PROGRESS_H_INCLUDED_


#include <stddef.h>


typedef struct {
    int        wanted;
    int        shown;
    long long  next;                   /* when to say it again, milliseconds */
} progress_t;


/* Begins; where it is not wanted, or nobody sees it, nothing is printed. */

void progress_begin(progress_t *p, int wanted);

/* "checked 12,000 of 100,000", a few times a second. */

void progress(progress_t *p, const char *what, size_t done, size_t n);

/* Takes it away, before anything else is printed. */

void progress_end(progress_t *p);


#endif /* _PROGRESS_H_INCLUDED_ */
