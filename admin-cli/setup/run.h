
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Runs another program.
 */


#ifndef _RUN_H_INCLUDED_
#define _RUN_H_INCLUDED_


#include <signal.h>


/*
 * Runs a program without a shell, and with these signals blocked; argv ends
 * with NULL.  *out gets what it writes, *err what it says on standard error;
 * the caller frees both.  Returns its exit status, 128 and the signal that
 * ended it, or -1 and sets errno: ENOENT if there is no such program.
 */

int run_program(const char **argv, const sigset_t *mask, char **out,
    char **err);


#endif /* _RUN_H_INCLUDED_ */
