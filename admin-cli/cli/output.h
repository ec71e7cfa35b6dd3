
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What commands print on stdout.
 */


#ifndef _OUTPUT_H_INCLUDED_
#define _OUTPUT_H_INCLUDED_


#include <jansson.h>

#include "cli/admin.h"


/* Is text for people wanted?  JSON?  Neither with --quiet. */

int output_is_text(const admin_t *a);
int output_is_json(const admin_t *a);

/* May what is printed be coloured? */

int output_colours(void);

/* Prints JSON as a line and frees it; NULL is out of memory. */

int output_print_json(admin_t *a, json_t *json);

/* A JSON integer, null for 0. */

json_t *output_number(uint64_t n);

/* Has who reads what we print left? */

int output_left(void);

/*
 * Makes sure that all that was printed is out.  If it is not, or if a command
 * failed behind what it has done (a->done), the status says so.  Where nothing
 * was done and the reader has left, ends the program by SIGPIPE, as any
 * other would end there, unless who started it has that ignored.
 */

int output_end(admin_t *a, int status);


#endif /* _OUTPUT_H_INCLUDED_ */
