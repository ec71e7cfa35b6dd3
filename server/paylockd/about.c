
/*
 * Copyright (C) 2026 paylock contributors
 *
 * GET /v1/me, /v1/tokens and /v1/health.
 */


#include "base/time_text.h"
#include "paylockd/http.h"


int
route_me(http_request_t *r)
{
    r->answer = json_incref(r->caller);

    return STATUS_DONE;
}


/* paylockd cannot read the tokens: the writer says what may be shown. */

int
route_tokens(http_request_t *r)
{
    int      status, sent;
    json_t  *command, *answer;

    command = writer_command(r, "token list");

    if (command == NULL) {
        return http_error(r, 500, "memory", NULL, "out of memory");
    }

    answer = writer_call(r->server, command, &sent);
    status = answer ? writer_refused(r, answer) : writer_away(r);

    if (status == STATUS_DONE) {
        r->answer = json_incref(json_object_get(answer, "body"));
    }

    json_decref(command);
    json_decref(answer);

    return status;
}


int
route_health(http_request_t *r)
{
    char             when[TIME_TEXT];
    follow_state_t   state;

    follow_state(&r->server->follow, &state);
    time_utc(state.stale_since, when);

    state.live = state.live && state.stale_since == 0;
    r->answer = json_pack("{s:b, s:o, s:I}", "live", state.live,
                          "stale_since", state.stale_since
                          ? json_string(when) : json_null(),
                          "as_of_seq", (json_int_t) state.head.seq);
    r->status = state.live ? 200 : 503;

    return STATUS_DONE;
}
