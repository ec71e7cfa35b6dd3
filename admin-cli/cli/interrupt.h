
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Ctrl-C, and other ends, between one step and the next.
 */


#ifndef _INTERRUPT_H_INCLUDED_
#define _INTERRUPT_H_INCLUDED_


#include <signal.h>


typedef struct {
    sigset_t  held;
    sigset_t  before;
} interrupt_t;


/* Holds back SIGINT, SIGTERM and SIGHUP, unless they are ignored. */

void interrupt_hold(interrupt_t *i);

/* Has one come?  It is used up by that. */

int interrupt_came(const interrupt_t *i);

/* From here on they end the process again. */

void interrupt_release(const interrupt_t *i);


#endif /* _INTERRUPT_H_INCLUDED_ */
