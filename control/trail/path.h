
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A short way from the last entry of a trail down to the first one, by given
 * entries between.  Each step is to the entry that an entry's skip names, if
 * that does not lead past the next one given; else to the entry before it.
 */


#ifndef _PATH_H_INCLUDED_
#define _PATH_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


/* An adopt, and the entry that it resumes; 0: none. */

typedef struct {
    uint64_t       seq;
    uint64_t       resumes;
} path_adopt_t;


typedef struct {
    uint64_t       seq;
    unsigned       resumed:1;          /* the line before resumes it */
} path_line_t;


typedef struct {
    path_adopt_t  *adopt;
    size_t         n_adopts;
    uint64_t      *need;
    size_t         n_needs;
    size_t         room;
    path_line_t   *line;               /* the way, the last entry first */
    size_t         n;
    size_t         lines;              /* for which there is room */
} path_t;


/*
 * First come the adopts that gave something up, then the entries by which the
 * way leads, in any order.  Return 0, or -1 when out of memory.
 */

int path_adopt(path_t *p, uint64_t seq, uint64_t resumes);
int path_need(path_t *p, uint64_t seq);

/* Does the entry stand, or was it given up? */

int path_stands(const path_t *p, uint64_t seq);

/* The first entry that stands. */

uint64_t path_first(const path_t *p);

/*
 * Sets p->line; what does not stand is passed over.  Returns 0, or -1 when out
 * of memory.
 */

int path_make(path_t *p);
void path_free(path_t *p);


#endif /* _PATH_H_INCLUDED_ */
