
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What went wrong: an exit status, a word for scripts, a sentence that names
 * the thing, and the mend.
 */


#ifndef _ERROR_H_INCLUDED_
#define _ERROR_H_INCLUDED_


#include <stdio.h>


#define STATUS_DONE     0
#define STATUS_FAILED   1              /* nothing is changed */
#define STATUS_USAGE    2
#define STATUS_PARTLY   3
#define STATUS_UNKNOWN  4              /* link lost in EXEC, no read-back */

/* of "audit verify" */

#define STATUS_TAMPERED    10
#define STATUS_INCOMPLETE  11
#define STATUS_FLAGS       12


typedef struct {
    int          status;
    const char  *code;
    char         host[256];
    char         message[2048];
    char         mend[1024];
} problem_t;


/* Notes a problem, mend being a sentence or NULL; returns the status. */

int problem_set(problem_t *p, int status, const char *code, const char *mend,
    const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Notes that memory ran out; returns the status. */

int problem_memory(problem_t *p);

/* Says which host the problem noted is about; returns its status. */

int problem_about(problem_t *p, const char *host);

/* Prints a problem, kind being "error" or "warning". */

void problem_print(const problem_t *p, const char *kind, int json, FILE *f);


#endif /* _ERROR_H_INCLUDED_ */
