
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>

#include "base/text.h"
#include "trail/entry_json.h"


/* In the order of the stream, which the leaf covers; then what is empty. */

json_t *
entry_json(const paylock_entry_t *e)
{
    size_t                 i;
    json_t                *o;
    const char            *name;
    const paylock_pair_t  *pair;

    o = json_pack("{s:I}", "seq", (json_int_t) e->seq);

    for (i = 0; i < e->n; i++) {
        pair = &e->pair[i];

        if (pair->value.len) {
            (void) json_object_set_new(o, pair->name.data,
                                       text_json(pair->value.data,
                                                 pair->value.len));
        }
    }

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        name = paylock_entry_fields[i].name;

        if (json_object_get(o, name) == NULL) {
            (void) json_object_set_new(o, name, json_string(""));
        }
    }

    return o;
}


uint32_t
entry_seconds(const paylock_entry_t *e)
{
    uint64_t  seconds;

    seconds = strtoull(e->field[PAYLOCK_AUDIT_TIME].data, NULL, 10) / 1000;

    return seconds < UINT32_MAX ? (uint32_t) seconds : UINT32_MAX;
}
