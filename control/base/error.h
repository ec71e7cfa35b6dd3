
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What went wrong: an exit status, a word for scripts, a sentence that names
 * the thing, and the mend.
 */


#ifndef _ERROR_H_INCLUDED_
#define _ERROR_H_INCLUDED_


#define STATUS_DONE     0
#define STATUS_FAILED   1              /* nothing is changed */
#define STATUS_USAGE    2
#define STATUS_PARTLY   3
#define STATUS_UNKNOWN  4              /* connection lost in EXEC */

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
} error_info_t;


/*
 * Sets an error: a status, a word for programs, which must stay, a sentence
 * that says how to mend it, or NULL, and what is wrong.  Returns the status.
 */

int error_set(error_info_t *error, int status, const char *code,
    const char *mend, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Sets the error of a lack of memory; returns its status. */

int error_no_memory(error_info_t *error);

/* Says which host an error is about; returns its status. */

int error_about(error_info_t *error, const char *host);


#endif /* _ERROR_H_INCLUDED_ */
