
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylockd/http.h"


/* A page of another site has nothing to ask for here. */

int
origin_check(http_request_t *r)
{
    return (http_header(r, "Sec-Fetch-Site") == NULL
            && http_header(r, "Origin") == NULL)
           || origin_is_own(r)
           ? STATUS_DONE
           : http_error(r, 403, "origin", "ask from a program, or from the "
                        "page that comes from here", "the request is from a "
                        "page of another site");
}


/* No page can set these headers; old browsers send Origin only. */

int
origin_is_own(const http_request_t *r)
{
    const char  *site, *origin, *host;

    site = http_header(r, "Sec-Fetch-Site");

    if (site) {
        return strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
    }

    origin = http_header(r, "Origin");
    host = http_header(r, "Host");

    return origin && host && strncmp(origin, "https://", 8) == 0
           && strcmp(origin + 8, host) == 0;
}
