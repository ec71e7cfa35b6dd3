
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "cli/error_print.h"


void
error_print(const error_info_t *error, const char *kind, int json, FILE *f)
{
    json_t  *o;

    if (json) {
        o = json_pack("{s:{s:s, s:o, s:o*, s:o*}}", kind,
                      "code", error->code,
                      "message",
                      text_json(error->message, strlen(error->message)),
                      "mend", text_json(error->mend, strlen(error->mend)),
                      "host", text_json(error->host, strlen(error->host)));
        if (o) {
            (void) json_dumpf(o, f, JSON_COMPACT|JSON_ENSURE_ASCII);
            json_decref(o);
            (void) fputc('\n', f);
            return;
        }
    }

    (void) fprintf(f, "paylock-admin: %s",
                   strcmp(kind, "warning") == 0 ? "warning: " : "");
    text_print(f, error->message, strlen(error->message));

    if (error->mend[0]) {
        (void) fputs(": ", f);
        text_print(f, error->mend, strlen(error->mend));
    }

    (void) fputc('\n', f);
}
