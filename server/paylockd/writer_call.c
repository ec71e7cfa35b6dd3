
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "paylockd/http.h"
#include "wire/wire.h"


#define CALL_CHECK  2                  /* s; it needs no Redis */


static void call_credential(const http_request_t *r, json_t *command);


json_t *
writer_call(const server_t *s, const json_t *command, int *sent)
{
    int          fd;
    json_t      *answer;
    const char  *name;

    *sent = 0;
    fd = wire_connect(s->writer);

    if (fd == -1) {
        return NULL;
    }

    name = json_string_value(json_object_get(command, "command"));
    wire_timeout(fd, name && strcmp(name, "check") == 0 ? CALL_CHECK
                                                        : WIRE_SECONDS);

    *sent = wire_write(fd, command) == 0;
    answer = *sent ? wire_read(fd) : NULL;
    (void) close(fd);

    return answer;
}


json_t *
writer_command(const http_request_t *r, const char *name)
{
    json_t      *command;
    const char  *address;

    address = http_header(r, "X-Real-IP");
    command = json_pack("{s:s, s:s, s:s}", "command", name,
                        "address", address ? address : "",
                        "scope", r->route->scope);

    if (command) {
        call_credential(r, command);
    }

    /* "/v1/sites/{host}/holds/{hold}"; change.c refuses what is no text */

    if (command && r->part[1]) {
        (void) json_object_set_new(command, "hold", json_string(r->part[1]));
    }

    return command;
}


static void
call_credential(const http_request_t *r, json_t *command)
{
    const char  *token, *session;

    token = http_bearer(r);
    session = session_cookie(r);

    if (token) {
        (void) json_object_set_new(command, "token", json_string(token));

    } else if (session) {
        (void) json_object_set_new(command, "session", json_string(session));
    }

    /* a page that waits for events is not somebody who uses it */

    if (session && r->route->run == NULL && r->route->action == NULL) {
        (void) json_object_set_new(command, "background", json_true());
    }
}


int
writer_away(http_request_t *r)
{
    return http_error(r, 503, "writer", "see \"systemctl status "
                      "paylock-writer\"; try again with the same "
                      "Idempotency-Key", "paylock-writer does not answer");
}


/* Takes an error of the writer over. */

int
writer_refused(http_request_t *r, const json_t *answer)
{
    const char    *code, *message, *mend, *host, *request;
    const json_t  *error;

    error = json_object_get(answer, "error");

    if (error == NULL) {
        return STATUS_DONE;
    }

    code = json_string_value(json_object_get(error, "code"));
    message = json_string_value(json_object_get(error, "message"));
    mend = json_string_value(json_object_get(error, "mend"));
    host = json_string_value(json_object_get(error, "host"));
    request = json_string_value(json_object_get(error, "request_id"));

    (void) http_error(r, (unsigned) json_integer_value(json_object_get(answer,
                                                                 "status")),
                      "writer", mend, message ? message : "");
    (void) snprintf(r->code, sizeof(r->code), "%s", code ? code : "writer");
    r->error.code = r->code;
    (void) snprintf(r->request, sizeof(r->request), "%s",
                    request ? request : "");

    return host ? error_about(&r->error, host) : r->error.status;
}
