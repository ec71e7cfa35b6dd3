
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Prints errors and warnings, for people and for scripts.
 */


#ifndef _ERROR_PRINT_H_INCLUDED_
#define _ERROR_PRINT_H_INCLUDED_


#include <stdio.h>

#include "base/error.h"


/* Prints an error as a line, of JSON or text; kind: "error" or "warning". */

void error_print(const error_info_t *error, const char *kind, int json,
    FILE *f);


#endif /* _ERROR_PRINT_H_INCLUDED_ */
