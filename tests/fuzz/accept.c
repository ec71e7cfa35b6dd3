
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The form of the answer: Accept, a line feed, Sec-Fetch-Dest.
 */


#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_negotiate.h"


static paylock_format_e
form(const char *accept, size_t len, const uint8_t *dest, size_t dest_len)
{
    paylock_format_e  f;

    f = paylock_negotiate_format(accept, len, (const char *) dest, dest_len);

    if (f > PAYLOCK_FORMAT_NONE) {
        abort();
    }

    return f;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char              *copy;
    size_t             i, len, rest;
    const uint8_t     *dest;
    paylock_format_e   f;

    if (size == 0) {
        return 0;
    }

    dest = memchr(data, '\n', size);
    len = dest ? (size_t) (dest - data) : size;
    rest = dest ? size - len - 1 : 0;

    if (dest) {
        dest++;
    }

    copy = malloc(2 * len + 1);
    if (copy == NULL) {
        return 0;
    }

    memcpy(copy, data, len);
    f = form(copy, len, dest, rest);

    /* capitals mean nothing */

    for (i = 0; i < len; i++) {
        copy[i] = toupper(data[i]);
    }

    if (form(copy, len, dest, rest) != f) {
        abort();
    }

    /* nor does the same again, if the first one ends where it seems to */

    copy[len] = ',';
    memcpy(copy + len + 1, data, len);

    if (memchr(data, '"', len) == NULL && len
        && form(copy, 2 * len + 1, dest, rest) != f)
    {
        abort();
    }

    free(copy);

    return 0;
}
