
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"


int
error_set(error_info_t *p, int status, const char *code, const char *mend,
    const char *fmt, ...)
{
    va_list  args;

    p->status = status;
    p->code = code;
    p->host[0] = '\0';

    va_start(args, fmt);
    (void) vsnprintf(p->message, sizeof(p->message), fmt, args);
    va_end(args);

    (void) snprintf(p->mend, sizeof(p->mend), "%s", mend ? mend : "");

    return status;
}


int
error_no_memory(error_info_t *p)
{
    return error_set(p, STATUS_FAILED, "memory", NULL, "out of memory");
}


int
error_about(error_info_t *p, const char *host)
{
    (void) snprintf(p->host, sizeof(p->host), "%s", host);

    return p->status;
}
