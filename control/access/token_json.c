
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "access/tokens.h"
#include "base/time_text.h"


json_t *
token_json(const json_t *token)
{
    char      when[TIME_TEXT];
    size_t    i;
    json_t   *o, *time;

    static const char *const  copied[] = {
        "name", "allow", "holds", "hosts", "ip"
    };
    static const char *const  times[] = { "created", "expires", "revoked" };

    o = json_object();

    for (i = 0; o && i < sizeof(copied) / sizeof(copied[0]); i++) {
        (void) json_object_set(o, copied[i], json_object_get(token, copied[i]));
    }

    for (i = 0; o && i < sizeof(times) / sizeof(times[0]); i++) {
        time = json_object_get(token, times[i]);

        if (time) {
            time_utc((uint32_t) json_integer_value(time), when);
        }

        (void) json_object_set_new(o, times[i], time ? json_string(when)
                                                     : json_null());
    }

    return o;
}
