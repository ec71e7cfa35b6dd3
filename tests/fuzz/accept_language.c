
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The language of the answer: Accept-Language.
 */


#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_negotiate.h"


static size_t
language(const char *field, size_t len)
{
    size_t  i;

    static const char *const  tags[] = {
        "en", "fr", "de", "es", "it", "nl", "pt", "pl"
    };

    i = paylock_negotiate_language(field, len, tags, 8);

    if (i >= 8) {
        abort();
    }

    return i;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char    *copy;
    size_t   i, best;

    if (size == 0) {
        return 0;
    }

    copy = malloc(2 * size + 1);
    if (copy == NULL) {
        return 0;
    }

    best = language((const char *) data, size);

    /* capitals mean nothing */

    for (i = 0; i < size; i++) {
        copy[i] = toupper(data[i]);
    }

    if (language(copy, size) != best) {
        abort();
    }

    /* nor does the same again, if the first one ends where it seems to */

    memcpy(copy, data, size);
    copy[size] = ',';
    memcpy(copy + size + 1, data, size);

    if (memchr(data, '"', size) == NULL
        && language(copy, 2 * size + 1) != best)
    {
        abort();
    }

    free(copy);

    return 0;
}
