
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The directives of nginx that setup writes.
 */


#ifndef _NGINX_LINES_H_INCLUDED_
#define _NGINX_LINES_H_INCLUDED_


#include "setup/setup.h"


#define NGINX_LINES  8


/* A directive, and its line; NULL: not wanted, or there already. */

typedef struct {
    const char  *word;
    char        *line;
} nginx_line_t;


/*
 * Makes the wanted lines that s->dump does not have yet, anywhere.  The caller
 * frees them in any case.  Returns a status.
 */

int nginx_lines_missing(setup_t *s, nginx_line_t line[NGINX_LINES]);

void nginx_lines_free(nginx_line_t line[NGINX_LINES]);


#endif /* _NGINX_LINES_H_INCLUDED_ */
