
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Progress of a long command, on a terminal.
 */


#ifndef _PROGRESS_H_INCLUDED_
#define _PROGRESS_H_INCLUDED_


#include <stddef.h>


typedef struct {
    int        wanted;
    int        shown;                  /* a line is to be erased */
    long long  next;                   /* time of the next line, clock_ms() */
} progress_t;


/* Begins; nothing is printed unless wanted and stderr is a terminal. */

void progress_begin(progress_t *p, int wanted);

/* "checked 12,000 of 100,000", a few times a second. */

void progress(progress_t *p, const char *what, size_t done, size_t n);

/* Erases the line; to be called before anything else is printed. */

void progress_end(progress_t *p);


#endif /* _PROGRESS_H_INCLUDED_ */
