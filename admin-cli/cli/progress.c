
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <unistd.h>

#include "cli/progress.h"
#include "net/socket.h"


#define PROGRESS_PAUSE  200            /* milliseconds */


void
progress_begin(progress_t *p, int wanted)
{
    p->wanted = wanted && isatty(STDERR_FILENO);
    p->shown = 0;
    p->next = clock_ms() + PROGRESS_PAUSE;
}


void
progress(progress_t *p, const char *what, size_t done, size_t n)
{
    if (!p->wanted || clock_ms() < p->next) {
        return;
    }

    (void) fprintf(stderr, "\r%s %zu of %zu \033[K", what, done, n);
    (void) fflush(stderr);

    p->shown = 1;
    p->next = clock_ms() + PROGRESS_PAUSE;
}


void
progress_end(progress_t *p)
{
    if (p->shown) {
        (void) fputs("\r\033[K", stderr);
        p->shown = 0;
    }
}
