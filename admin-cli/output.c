
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"


int
output_text(const admin_t *a)
{
    return !a->opt[OPT_JSON] && !a->opt[OPT_QUIET];
}


int
output_wants_json(const admin_t *a)
{
    return a->opt[OPT_JSON] && !a->opt[OPT_QUIET];
}


int
output_colours(void)
{
    const char  *none, *term;

    none = getenv("NO_COLOR");
    term = getenv("TERM");

    return isatty(STDOUT_FILENO) && (none == NULL || *none == '\0')
           && (term == NULL || strcmp(term, "dumb") != 0);
}


int
output_json(admin_t *a, json_t *json)
{
    if (json == NULL) {
        return admin_memory(a);
    }

    if (output_wants_json(a)) {

        /* what is not ASCII could move the cursor of a terminal as well */

        (void) json_dumpf(json, stdout, JSON_COMPACT|JSON_ENSURE_ASCII);
        (void) putchar('\n');
    }

    json_decref(json);

    return STATUS_DONE;
}


json_t *
output_number(uint64_t n)
{
    return n ? json_integer((json_int_t) n) : json_null();
}


int
output_flush(admin_t *a)
{
    int  failed;

    failed = ferror(stdout);

    if (fflush(stdout) == 0 && !failed) {
        return STATUS_DONE;
    }

    return problem_set(&a->problem, STATUS_FAILED, "output", NULL,
                       "the output could not be written: %s",
                       strerror(errno));
}
