
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdarg.h>
#include <string.h>

#include <jansson.h>

#include "error.h"
#include "text.h"


int
problem_set(problem_t *p, int status, const char *code, const char *mend,
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
problem_memory(problem_t *p)
{
    return problem_set(p, STATUS_FAILED, "memory", NULL, "out of memory");
}


int
problem_about(problem_t *p, const char *host)
{
    (void) snprintf(p->host, sizeof(p->host), "%s", host);

    return p->status;
}


void
problem_print(const problem_t *p, const char *kind, int json, FILE *f)
{
    json_t  *o;

    if (json) {
        o = json_pack("{s:{s:s, s:o, s:o*, s:o*}}", kind,
                      "code", p->code,
                      "message", text_json(p->message, strlen(p->message)),
                      "mend", text_json(p->mend, strlen(p->mend)),
                      "host", text_json(p->host, strlen(p->host)));
        if (o) {
            (void) json_dumpf(o, f, JSON_COMPACT|JSON_ENSURE_ASCII);
            json_decref(o);
            (void) fputc('\n', f);
            return;
        }
    }

    (void) fprintf(f, "paylock-admin: %s",
                   strcmp(kind, "warning") == 0 ? "warning: " : "");
    text_print(f, p->message, strlen(p->message));

    if (p->mend[0]) {
        (void) fputs(": ", f);
        text_print(f, p->mend, strlen(p->mend));
    }

    (void) fputc('\n', f);
}
