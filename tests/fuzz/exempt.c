
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Exempt paths: the path of a directive, a line feed, the target of a request.
 */


#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_exempt.h"


/* Does every server take the target for the path that it spells? */

static int
plain(const char *target, size_t len)
{
    size_t  i, start;

    if (len == 0 || target[0] != '/') {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (target[i] <= ' ' || target[i] > '~'
            || strchr("%?#;\\", target[i]))
        {
            return 0;
        }
    }

    for (start = 1, i = 1; i <= len; i++) {

        if (i < len && target[i] != '/') {
            continue;
        }

        if (i == start && i < len) {
            return 0;
        }

        if ((i == start + 1 && target[start] == '.')
            || (i == start + 2 && target[start] == '.'
                && target[start + 1] == '.'))
        {
            return 0;
        }

        start = i + 1;
    }

    return 1;
}


static void
try(const char *path, size_t path_len, const char *target, size_t len)
{
    size_t  i;

    if (paylock_exempt_check(path, path_len) != NULL) {
        return;
    }

    if (!plain(path, path_len)) {
        abort();
    }

    if (!paylock_exempt_match(path, path_len, target, len)) {
        return;
    }

    if (!plain(target, len) || len < path_len
        || memcmp(path, target, path_len) != 0)
    {
        abort();
    }

    if (len > path_len && path[path_len - 1] != '/') {
        abort();
    }

    if (path_len == sizeof(PAYLOCK_EXEMPT_ACME) - 1
        && memcmp(path, PAYLOCK_EXEMPT_ACME, path_len) == 0)
    {
        if (len == path_len) {
            abort();
        }

        for (i = path_len; i < len; i++) {
            if (strchr("/.", target[i])) {
                abort();
            }
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char           *path;
    size_t          len, rest;
    const uint8_t  *target;

    target = size ? memchr(data, '\n', size) : NULL;

    if (target == NULL) {
        return 0;
    }

    len = target - data;
    target++;
    rest = size - len - 1;

    path = malloc(len ? len : 1);
    if (path == NULL) {
        return 0;
    }

    memcpy(path, data, len);

    try(path, len, (const char *) target, rest);
    try(PAYLOCK_EXEMPT_ACME, sizeof(PAYLOCK_EXEMPT_ACME) - 1,
        (const char *) target, rest);

    /* an exempt path is exempt itself */

    if (paylock_exempt_check(path, len) == NULL
        && (len != sizeof(PAYLOCK_EXEMPT_ACME) - 1
            || memcmp(path, PAYLOCK_EXEMPT_ACME, len) != 0)
        && !paylock_exempt_match(path, len, path, len))
    {
        abort();
    }

    free(path);

    return 0;
}
