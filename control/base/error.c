
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"


int
error_set(error_info_t *error, int status, const char *code, const char *mend,
    const char *fmt, ...)
{
    va_list  args;

    error->status = status;
    error->code = code;
    error->host[0] = '\0';

    va_start(args, fmt);
    (void) vsnprintf(error->message, sizeof(error->message), fmt, args);
    va_end(args);

    (void) snprintf(error->mend, sizeof(error->mend), "%s", mend ? mend : "");

    return status;
}


int
error_no_memory(error_info_t *error)
{
    return error_set(error, STATUS_FAILED, "memory", NULL, "out of memory");
}


int
error_about(error_info_t *error, const char *host)
{
    (void) snprintf(error->host, sizeof(error->host), "%s", host);

    return error->status;
}
