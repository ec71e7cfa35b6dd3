
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_exempt.h"


static int paylock_exempt_token(const char *token, size_t len);


const char *
paylock_exempt_check(const char *path, size_t len)
{
    size_t         i, segment;
    unsigned char  ch;

    if (len == 0 || path[0] != '/') {
        return "does not begin with a slash";
    }

    for (i = 1, segment = 1; i <= len; i++) {

        ch = i < len ? path[i] : '/';

        if (ch == '/') {

            if (i == segment && i < len) {
                return "has an empty segment";
            }

            /* "..;" is a dot segment to some */

            if (i - segment >= 1 && path[segment] == '.'
                && (i - segment == 1 || path[segment + 1] == '.'))
            {
                return "has a segment of dots";
            }

            segment = i + 1;
            continue;
        }

        if (ch <= ' ' || ch >= 0x7f || strchr("%?#;\\\"<>", ch)) {
            return "holds a character that would have to be escaped";
        }
    }

    return NULL;
}


int
paylock_exempt_match(const char *path, size_t path_len, const char *target,
    size_t len)
{
    if (len < path_len || memcmp(path, target, path_len) != 0
        || paylock_exempt_check(target, len) != NULL)
    {
        return 0;
    }

    if (path_len == sizeof(PAYLOCK_EXEMPT_ACME) - 1
        && memcmp(path, PAYLOCK_EXEMPT_ACME, path_len) == 0)
    {
        return paylock_exempt_token(target + path_len, len - path_len);
    }

    return len == path_len || path[path_len - 1] == '/';
}


static int
paylock_exempt_token(const char *token, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (!((token[i] >= 'a' && token[i] <= 'z')
              || (token[i] >= 'A' && token[i] <= 'Z')
              || (token[i] >= '0' && token[i] <= '9')
              || token[i] == '_' || token[i] == '-'))
        {
            return 0;
        }
    }

    return len != 0;
}
