
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The last changes, for clients that wait for them.
 */


#ifndef _EVENTS_H_INCLUDED_
#define _EVENTS_H_INCLUDED_


#include <pthread.h>
#include <stdint.h>


#define EVENTS_KEPT  4096


typedef struct {
    uint64_t   seq;
    char      *text;                   /* JSON, one line */
} event_t;


typedef struct {
    pthread_mutex_t   lock;
    pthread_cond_t    came;
    event_t           event[EVENTS_KEPT];   /* a ring */
    uint64_t          n;               /* events so far */
    uint64_t          reset;           /* what was before this one is gone */
} events_t;


void events_init(events_t *e);

/* Adds one; takes over the text. */

void events_add(events_t *e, uint64_t seq, char *text);

/* All may be different: whoever waits has to read anew. */

void events_reset(events_t *e);

/*
 * The position behind the entry with that seq, or behind the last one if it is
 * not kept; *known says which.
 */

uint64_t events_after(events_t *e, uint64_t seq, int *known);

/*
 * Waits so many seconds for the event at *position.  Returns 1, sets *seq and a
 * copy of its text, and goes on by one; 0: none came; -1: those were reset, and
 * *position is behind that.
 */

int events_next(events_t *e, uint64_t *position, unsigned seconds,
    uint64_t *seq, char **text);


#endif /* _EVENTS_H_INCLUDED_ */
