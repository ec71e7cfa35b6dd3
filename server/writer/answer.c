
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "base/text.h"
#include "writer/writer.h"


/* The status of HTTP by the code of an error. */

static const struct {
    const char  *code;
    int          status;
} answer_codes[] = {
    { "json", 400 },
    { "unauthorized", 401 },
    { "forbidden", 403 },
    { "command", 404 },
    { "confirm", 409 },
    { "locked", 409 },
    { "paid", 409 },
    { "protected", 409 },
    { "record", 409 },
    { "running", 409 },
    { "changed", 412 },
    { "large", 413 },
    { "key_limited", 403 },
    { "budget", 429 },
    { "memory", 500 },
    { "crypto", 500 }
};


static int answer_status(const error_info_t *error);


json_t *
answer_body(json_t *body)
{
    return json_pack("{s:i, s:o}", "status", 200, "body", body);
}


json_t *
answer_error(const error_info_t *error, const char *request)
{
    return json_pack("{s:i, s:{s:s, s:o, s:o, s:o, s:o}}",
                     "status", answer_status(error), "error",
                     "code", error->code,
                     "message", text_json(error->message,
                                          strlen(error->message)),
                     "mend", text_json(error->mend, strlen(error->mend)),
                     "host", text_json(error->host, strlen(error->host)),
                     "request_id", text_json(request, strlen(request)));
}


/* What Redis, the trail or the keys here refuse may be mended: try again. */

static int
answer_status(const error_info_t *error)
{
    size_t  i;

    if (error->status == STATUS_USAGE) {
        return 422;
    }

    if (error->status == STATUS_UNKNOWN || error->status == STATUS_PARTLY) {
        return 500;
    }

    for (i = 0; i < sizeof(answer_codes) / sizeof(answer_codes[0]); i++) {
        if (strcmp(answer_codes[i].code, error->code) == 0) {
            return answer_codes[i].status;
        }
    }

    return 503;
}
