
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Output of commands on stdout.
 */


#ifndef _OUTPUT_H_INCLUDED_
#define _OUTPUT_H_INCLUDED_


#include <jansson.h>

#include "cli/admin.h"


/* Is text wanted, or JSON?  With --quiet neither is. */

int output_is_text(const admin_t *a);
int output_is_json(const admin_t *a);

/* May the output be coloured? */

int output_colours(void);

/*
 * Prints JSON as a line and frees it; json NULL: out of memory.  Returns a
 * status.
 */

int output_print_json(admin_t *a, json_t *json);

/* Has the reader of a pipe closed it? */

int output_left(void);

/*
 * Flushes stdout.  Returns the status, or that of a new error if output is lost
 * or if the command failed after a change (a->done).  If nothing was changed
 * and the reader has closed the pipe, kills the process with SIGPIPE, as usual,
 * unless SIGPIPE was ignored at start.
 */

int output_end(admin_t *a, int status);


#endif /* _OUTPUT_H_INCLUDED_ */
