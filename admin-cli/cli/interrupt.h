
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Holds back Ctrl-C and other signals while a step is carried out.
 */


#ifndef _INTERRUPT_H_INCLUDED_
#define _INTERRUPT_H_INCLUDED_


#include <signal.h>


typedef struct {
    sigset_t  held;
    sigset_t  before;
} interrupt_t;


/* Blocks SIGINT, SIGTERM and SIGHUP, unless they are ignored. */

void interrupt_hold(interrupt_t *i);

/* Takes a pending signal; returns 1, or 0 if there is none. */

int interrupt_came(const interrupt_t *i);

/* Takes all that are pending and unblocks the signals. */

void interrupt_release(const interrupt_t *i);


#endif /* _INTERRUPT_H_INCLUDED_ */
