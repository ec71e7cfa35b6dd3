
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Prints the states of hosts for people.
 */


#ifndef _STATE_PRINT_H_INCLUDED_
#define _STATE_PRINT_H_INCLUDED_


#include <stdio.h>

#include "records/effective_state.h"


/* Prints "locked since …, open from …". */

void state_print(FILE *f, const effective_state_t *state, int colours);

/* Prints the same and all else that is known of the host, in lines. */

void state_print_lines(FILE *f, const state_host_t *h, uint32_t now,
    int colours);

/* The escape sequence that begins the colour of a stage; "": no colours. */

const char *state_colour(const char *stage, int colours);

#define STATE_PLAIN  "\033[0m"


#endif /* _STATE_PRINT_H_INCLUDED_ */
