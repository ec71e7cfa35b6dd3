
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The names of hosts: what passes has the one form, and its right form is
 * itself.
 */


#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_host.h"


/* Is it a name in the form that records have? */

static int
normal(const char *name, size_t len)
{
    size_t  i, label, digits;

    label = digits = 0;

    if (len == 0 || len > PAYLOCK_HOST_NAME || (len == 1 && *name == '_')) {
        return 0;
    }

    for (i = 0; i < len; i++) {

        if (name[i] == '.') {

            if (label == 0 || name[i - 1] == '-') {
                return 0;
            }

            label = digits = 0;
            continue;
        }

        if (memchr("abcdefghijklmnopqrstuvwxyz0123456789-_", name[i], 38)
            == NULL || (label == 0 && name[i] == '-') || ++label > 63)
        {
            return 0;
        }

        digits += name[i] >= '0' && name[i] <= '9';
    }

    return label && digits != label && name[len - 1] != '-';
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int          good;
    char         form[PAYLOCK_HOST_MAX + 1], again[PAYLOCK_HOST_MAX + 1];
    size_t       lead, len;
    const char  *name, *why;

    name = (const char *) data;

    lead = paylock_host_suffix(name, size);

    if (lead > 2 || lead > size) {
        abort();
    }

    why = paylock_host_check(name, size);
    good = normal(name + lead, size - lead);

    if ((why == NULL) != good || (why && *why == '\0')) {
        abort();
    }

    len = paylock_host_right_form(name, size, form);

    if (good && (len != size || memcmp(form, name, len) != 0)) {
        abort();
    }

    if (len == 0) {
        return 0;
    }

    if (len > PAYLOCK_HOST_MAX || form[len] != '\0'
        || paylock_host_check(form, len) != NULL
        || paylock_host_right_form(form, len, again) != len
        || memcmp(form, again, len) != 0)
    {
        abort();
    }

    return 0;
}
