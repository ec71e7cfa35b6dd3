
/*
 * Copyright (C) 2026 paylock contributors
 *
 * GET /v1/passes: from the trail in Redis.
 */


#include <stdlib.h>

#include "change/pass_list.h"
#include "paylockd/redis_session.h"


static int passes_read(http_request_t *r, const char *host);


int
route_passes(http_request_t *r)
{
    int    status;
    char  *host;

    status = caller_host(r, &host);

    if (status == STATUS_DONE && host == NULL) {
        status = long_read_begin(r);
    }

    if (status == STATUS_DONE) {
        status = passes_read(r, host);
    }

    free(host);

    return status;
}


static int
passes_read(http_request_t *r, const char *host)
{
    int               status;
    json_t           *passes;
    redis_session_t   s;

    status = redis_session_begin(&s, r);

    if (status == STATUS_DONE) {
        status = pass_list(&s.ctl, host, r->now, &passes);
    }

    if (status == STATUS_DONE) {
        r->answer = json_pack("{s:o}", "data", passes);
        status = r->answer ? STATUS_DONE : control_no_memory(&s.ctl);
    }

    return redis_session_end(&s, r, status);
}
