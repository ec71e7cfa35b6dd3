
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Errors: an exit status, a code for scripts, a message that names the thing
 * at fault, and what to do about it.
 */


#ifndef _ERROR_H_INCLUDED_
#define _ERROR_H_INCLUDED_


#define STATUS_DONE     0
#define STATUS_FAILED   1              /* nothing was changed */
#define STATUS_USAGE    2
#define STATUS_PARTLY   3              /* some hosts were changed */
#define STATUS_UNKNOWN  4              /* no reply to EXEC */

/* returned by "audit verify" only */

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
 * Sets an error and returns its status.  The code is part of the interface
 * with scripts: never change one.  It must outlive the error.  mend says what
 * to do, or is NULL; fmt says what is wrong.  Both are copied.
 */

int error_set(error_info_t *error, int status, const char *code,
    const char *mend, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Sets the error "out of memory" and returns its status. */

int error_no_memory(error_info_t *error);

/* Adds the host to an error that is set; returns its status. */

int error_about(error_info_t *error, const char *host);


#endif /* _ERROR_H_INCLUDED_ */
