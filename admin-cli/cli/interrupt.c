
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stddef.h>
#include <time.h>

#include "cli/interrupt.h"


static const int  interrupt_signals[] = { SIGINT, SIGTERM, SIGHUP };


/* Ignored signals are not blocked: they would become pending. */

void
interrupt_hold(interrupt_t *i)
{
    size_t            n;
    struct sigaction  action;

    (void) sigemptyset(&i->held);

    for (n = 0; n < sizeof(interrupt_signals) / sizeof(int); n++) {
        if (sigaction(interrupt_signals[n], NULL, &action) == 0
            && action.sa_handler != SIG_IGN)
        {
            (void) sigaddset(&i->held, interrupt_signals[n]);
        }
    }

    (void) sigprocmask(SIG_BLOCK, &i->held, &i->before);
}


int
interrupt_came(const interrupt_t *i)
{
    static const struct timespec  at_once = { 0, 0 };

    return sigtimedwait(&i->held, NULL, &at_once) > 0;
}


void
interrupt_release(const interrupt_t *i)
{
    while (interrupt_came(i)) { /* void */ }

    (void) sigprocmask(SIG_SETMASK, &i->before, NULL);
}
