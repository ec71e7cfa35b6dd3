
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/admin.h"
#include "cli/output.h"


int
output_is_text(const admin_t *a)
{
    return !a->opt[OPT_JSON] && !a->opt[OPT_QUIET];
}


int
output_is_json(const admin_t *a)
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
output_print_json(admin_t *a, json_t *json)
{
    if (json == NULL) {
        return control_no_memory(a->ctl);
    }

    if (output_is_json(a)) {

        /* ASCII only: other characters could move the cursor, too */

        (void) json_dumpf(json, stdout, JSON_COMPACT|JSON_ENSURE_ASCII);
        (void) putchar('\n');
    }

    json_decref(json);

    return STATUS_DONE;
}


int
output_left(void)
{
    struct pollfd  pfd;

    pfd.fd = STDOUT_FILENO;
    pfd.events = 0;

    return poll(&pfd, 1, 0) == 1 && (pfd.revents & (POLLERR|POLLHUP));
}


int
output_end(admin_t *a, int status)
{
    int          failed;
    char         why[sizeof(a->ctl->error.message)];
    const char  *done;

    done = a->done ? a->done : a->ctl->changed ? "the change is made" : NULL;
    failed = ferror(stdout);
    errno = 0;

    if ((fflush(stdout) != 0 || failed) && status == STATUS_DONE) {

        if (done == NULL && !a->sigpipe && output_left()) {
            (void) signal(SIGPIPE, SIG_DFL);
            (void) raise(SIGPIPE);
        }

        status = error_set(&a->ctl->error, STATUS_FAILED, "output",
                           done ? "nothing is missing but what it would "
                                     "have printed" : NULL,
                           "the output could not be written: %s",
                           errno ? strerror(errno) : "a part is missing");
    }

    if (status != STATUS_FAILED || done == NULL) {
        return status;
    }

    memcpy(why, a->ctl->error.message, sizeof(why));
    (void) snprintf(a->ctl->error.message, sizeof(a->ctl->error.message),
                    "%s, but %.1900s", done, why);

    return a->ctl->error.status = STATUS_PARTLY;
}
