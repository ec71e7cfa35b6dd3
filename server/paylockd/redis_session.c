
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylockd/redis_session.h"


int
redis_session_begin(redis_session_t *s, http_request_t *r)
{
    memset(s, 0, sizeof(redis_session_t));
    s->ctl.program = "paylockd";

    return settings_of_server(&s->ctl, &s->from, r->server->config)
           == STATUS_DONE
           ? control_connect(&s->ctl) : s->ctl.error.status;
}


int
redis_session_end(redis_session_t *s, http_request_t *r, int status)
{
    if (status != STATUS_DONE) {
        r->error = s->ctl.error;
        r->status = status == STATUS_USAGE ? 422 : 503;
    }

    settings_from_free(&s->from);
    control_free(&s->ctl);

    return status;
}
