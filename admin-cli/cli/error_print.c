
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "cli/error_print.h"


void
error_print(const error_info_t *p, const char *kind, int json, FILE *f)
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
